"""What is written alike in every language: codes, addresses, emoji, placeholders, tags."""

from random import Random

WORDS = (
    *("report", "photo", "backup", "invoice", "notes", "data", "index", "readme", "logo", "letter", "budget"),
    *("main", "test", "config", "draft", "music", "holiday", "list", "map", "shop", "news", "blog", "home"),
)
ENDINGS = ("pdf", "txt", "jpg", "png", "zip", "docx", "csv", "mp3", "json", "html", "py")
DOMAINS = (
    *("example.com", "example.org", "mail.example.net", "test.de"),
    *("beispiel.de", "exemple.fr", "ejemplo.es"),
)
USERS = (
    *("anna", "peter.hoffmann", "j.smith", "info", "contact", "lucia_m", "support", "marie-claire", "tom99"),
    *("hans.mueller", "paula", "jean.dupont", "admin", "news", "k.novak", "office"),
)
TAGS = (
    *("travel", "music", "Berlin2024", "love", "foodie", "news", "opensource", "Python", "nofilter"),
    *("summer", "win", "photo", "WorldCup", "climate"),
)
EMOJI = tuple("😀😂😍😭😎🤔👍👏🙏💪❤🎉🎂🎁🔥⭐✨☀🌙🌈🐶🐱🌹🍕🍺☕🚗✈🏠📷📎✅❌⚠💡🔒😉😊🥳🤷")
EMOJI_NAMES = (
    *("smile", "heart", "tada", "rocket", "thumbsup", "fire", "wave", "cry", "joy", "star", "bug"),
    *("warning", "coffee", "eyes", "tongue_out"),
)
CODE = (
    *("git status", "npm install", "print(x)", "ls -la", "cd ..", "make test", "sudo apt update", "x = 3"),
    *("null", "True", "max_length", "index.html", "pip install numpy", "getName()", "SELECT * FROM users"),
    *("for i in range(10):", "foo()", "--help", "id", "user_name", "<div>", "a[0]", "n + 1", "rm file.txt"),
)
FIELDS = {
    "name": ("name", "user", "username", "first_name"),
    "count": ("count", "n", "num", "total"),
    "file": ("file", "filename", "path"),
    "date": ("date", "day", "due_date"),
    "total": ("total", "amount", "price"),
    "place": ("city", "place", "location"),
}
STYLES = (
    *("{{{0}}}", "{{{0}}}", "{{{{ {0} }}}}", "${{{0}}}", "%({0}){2}", "[[{0}]]", "%{{{0}}}", "<{0}>"),
    *("[{0}]", "{{{{{0}}}}}", "{{{1}}}", "%{2}", "%{3}${2}", "${4}", ":{0}"),
)
"""By field, place from 0, type, place from 1, and field in capitals: {name}, {0}, %s, %1$s, $NAME."""


def phone(draws: Random) -> str:
    """Return a telephone number in one of many layouts."""
    layout = draws.choice(
        ("555-####", "+1 555 ### ####", "0## ### ## ##", "+33 6 ## ## ## ##", "030 #######", "+34 6## ### ###",
         "01 ## ## ## ##", "(555) ###-####", "+49 170 #######", "0800 ### ###", "112", "+44 20 #### ####")
    )  # fmt: skip
    return "".join(str(draws.randrange(10)) if sign == "#" else sign for sign in layout)


def _letters(draws: Random, count: int) -> str:
    return "".join(draws.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))


def code(draws: Random) -> str:
    """Return a code of letters and digits, such as AB-1234."""
    number, letters = draws.randrange(1, 10 ** draws.randint(2, 6)), _letters(draws, draws.randint(1, 3))
    layout = draws.choice(("{0}-{1}", "{0}{1}", "{1}-{0}", "{0}-{1}-{2}"))
    return layout.format(letters, number, _letters(draws, 1))


def pin(draws: Random) -> str:
    """Return four to six digits."""
    return "".join(str(draws.randrange(10)) for _ in range(draws.choice((4, 4, 5, 6))))


def flight(draws: Random) -> str:
    """Return the number of a flight."""
    line = draws.choice(("LH", "AF", "IB", "BA", "LX", "OS", "U2"))
    return f"{line}{draws.choice(('', ' '))}{draws.randrange(100, 9000)}"


def room(draws: Random) -> str:
    """Return the number of a room."""
    layout = draws.choice(("{0}", "{1}{0}", "{2}.{3}"))
    return layout.format(
        draws.randrange(1, 500), draws.choice("ABC"), draws.randrange(1, 9), draws.randrange(10, 40)
    )


def version(draws: Random) -> str:
    """Return the number of a version."""
    parts = [str(draws.randrange(25)) for _ in range(draws.choice((2, 2, 3)))]
    return draws.choice(("", "", "v")) + ".".join(parts)


def ip(draws: Random) -> str:
    """Return an address of the Internet protocol."""
    host = draws.choice(("192.168.{}.{}", "10.0.{}.{}", "127.0.0.1", "172.16.{}.{}"))
    return host.format(draws.randrange(256), draws.randrange(256)) + draws.choice(("", "", ":8080", ":443"))


def url(draws: Random) -> str:
    """Return the address of a page."""
    start = draws.choice(("https://", "https://www.", "http://", "www."))
    end = draws.choice(("", "/{0}", "/{0}/{1}", "/{0}.html", "/?id={1}"))
    return start + draws.choice(DOMAINS) + end.format(draws.choice(WORDS), draws.randrange(1000))


def email(draws: Random) -> str:
    """Return an address of electronic mail."""
    return f"{draws.choice(USERS)}@{draws.choice(DOMAINS)}"


def handle(draws: Random) -> str:
    """Return the name of a user after an @."""
    return f"@{draws.choice(USERS).replace('.', '_')}"


def hashtag(draws: Random) -> str:
    """Return a word after a #."""
    return f"#{draws.choice(TAGS)}"


def file(draws: Random) -> str:
    """Return the name of a file."""
    layout = draws.choice(("{0}", "{0}_{1}", "{0}-{2}", "IMG_{3:04}"))
    stem = layout.format(
        draws.choice(WORDS), draws.randrange(1, 40), draws.randrange(2015, 2026), draws.randrange(9999)
    )
    return f"{stem}.{draws.choice(ENDINGS)}"


def path(draws: Random) -> str:
    """Return the path of a file or folder."""
    root = draws.choice(("/home/anna/", "C:\\Users\\tom\\", "~/", "/etc/", "/usr/local/", "./src/", "D:\\"))
    joint = "\\" if "\\" in root else "/"
    return (
        root
        + draws.choice(("", draws.choice(WORDS) + joint))
        + draws.choice((file(draws), draws.choice(WORDS)))
    )


def snippet(draws: Random) -> str:
    """Return code between backticks."""
    return f"`{draws.choice(CODE)}`"


def emoji(draws: Random) -> str:
    """Return one emoji, or now and then two or three."""
    return "".join(draws.choice(EMOJI) for _ in range(draws.choice((1, 1, 1, 1, 2, 3))))


def emoji_name(draws: Random) -> str:
    """Return the name of an emoji between colons."""
    return f":{draws.choice(EMOJI_NAMES)}:"


def placeholder(draws: Random, style: str, what: str, place: int) -> str:
    """Return what a program puts a value in place of, in a style of STYLES, as the place-th of its message."""
    field = draws.choice(FIELDS[what])
    return style.format(field, place, "d" if what == "count" else "s", place + 1, field.upper())


def tags(draws: Random) -> tuple[str, str]:
    """Return a tag that opens and the one that closes it."""
    name = draws.choice(("b", "i", "strong", "em", "u", "span", "a", "mark", "0", "1", "**", "_"))
    if name in ("**", "_"):
        return name, name
    inside = {"a": f' href="{url(draws)}"', "span": draws.choice(("", ' class="note"'))}.get(name, "")
    return f"<{name}{inside}>", f"</{name}>"
