"""Texts that become scripts, elements or requests wherever a page takes a text for markup."""

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<b>bold</b>",
    "<iframe src=javascript:alert(1)>", "<body onload=alert(1)>", "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)", "\" autofocus onfocus=\"alert(1)", "javascript:alert(1)", "<a href=javascript:alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>", "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>",
    "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil.example>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<form action=//evil.example><input type=submit>",
    "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "</textarea><script>alert(1)</script>",
    "<!--<img src=--><img src=x onerror=alert(1)//>", "<template><script>alert(1)</script></template>",
    "${alert(1)}", "{{constructor.constructor('alert(1)')()}}", "<input onfocus=alert(1) autofocus>",
    "<marquee onstart=alert(1)>", "\u202e<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip
