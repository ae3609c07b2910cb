"""A small file of each format of strings, with what is hard about it."""

JSON = b"""{
  "menu": {"open": "Open the file", "id": "menu_open", "icon": "https://example.org/a.png"},
  "list": ["One word more", 3, true, null, "Caf\\u00e9", "a \\"quoted\\" word\\n"],
  "count": "{n, plural, one {# file} other {# files}}",
  "save": "Save", "colour": "#ffcc00", "empty": ""
}
"""

YAML = """# strings of a game
en: &all
  title: &t Welcome to the island
  quit: "Do you want to\\n quit?"   # asked at the end
  owner: 'It''s yours'
  long: this text goes
    over two lines
  letter: |
    Dear friend,
    come to us.

  folded: >-
    These lines are
    one.

    These too.
  words: [a bird, "a dog"]
  smile: a 😀 smile
  no: no
  id: menu_open
other: *all
""".encode()

CSV = b"""id,name,text
1,chair_1,"A chair, of wood"
2,table_2,"A ""big"" table
with four legs"
3,lamp_3,It gives light
"""

TSV = b"Hello my friend\tone\r\nGood morning to you\ttwo\r\n"

SRT = b"""1
00:00:01,000 --> 00:00:02,000
<i>I never thought
that he</i>

2
00:00:02,100 --> 00:00:04,000
would <b>really</b> come back
to this town.

3
00:00:05,000 --> 00:00:06,000
{\\an8}- Hello!
- Who is there?

"""

VTT = b"""WEBVTT - a film

NOTE nobody reads this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:start
<v Bob>Fish &amp; chips <00:01.500>are good
and <c.loud>cheap</c> here.

00:00:03.000 --> 00:00:04.000
He said that
"""

PO = b"""# A game.
msgid ""
msgstr ""
"Project-Id-Version: game 1\\n"
"Language: \\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"

#: a.c:1
#, c-format
msgid "%d apple was found\\n"
msgid_plural "%d apples were found\\n"
msgstr[0] ""
msgstr[1] ""

#. a note
msgid "Open the door"
msgstr "Ouvrez la porte"
#, fuzzy
#| msgid "Shut the door"
msgid "Close the door"
msgstr "Fermez la porte"

msgctxt "menu"
msgid ""
"A long text that goes over more than one line of the file, because it is so long, "
"really\\n"
"and more"
msgstr ""

#, python-format
msgid "Hello %(name)s"
msgstr ""

#~ msgid "old words"
#~ msgstr "vieux mots"
"""

XLIFF_1 = b"""<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original="a.html" source-language="en" datatype="html">
    <body>
      <trans-unit id="u1">
        <source>Click <g id="1">the <g id="2">big</g> button</g><x id="3"/> &amp; <ph id="4">{0}</ph> go</source>
        <note>a note</note>
      </trans-unit>
      <trans-unit id="u2" translate="no"><source>Not for you</source></trans-unit>
      <trans-unit id="u3" approved="yes">
        <source>It is done</source><target state="final">C'est fait</target>
      </trans-unit>
      <trans-unit id="u4">
        <source>The first. The second.</source>
        <seg-source><mrk mtype="seg" mid="1">The first.</mrk> <mrk mtype="seg" mid="2">The second.</mrk></seg-source>
        <target state="new"/>
      </trans-unit>
    </body>
  </file>
</xliff>
"""

XLIFF_2 = b"""<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en">
 <file id="f1"><unit id="u1"><notes><note>a note</note></notes><segment>
   <source>Hello <pc id="1">dear
     friend</pc> <ph id="2"/>!</source>
 </segment><segment state="final"><source>It is done</source><target>C'est fait</target></segment></unit></file></xliff>
"""

SAMPLES = [
    ("json", JSON),
    ("yaml", YAML),
    ("csv", CSV),
    ("tsv", TSV),
    ("srt", SRT),
    ("vtt", VTT),
    ("po", PO),
    ("xliff", XLIFF_1),
    ("xliff", XLIFF_2),
]
