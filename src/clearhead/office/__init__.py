"""Office files: Word, PowerPoint, Excel, OpenDocument. Their formats are tags; the rest of the archive stays."""
