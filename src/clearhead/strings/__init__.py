"""Strings that programs read: gettext, XLIFF, JSON, YAML, tables, subtitles, each replaced where it stands."""
