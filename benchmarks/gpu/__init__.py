"""What a GPU does with Clearhead, beside what it does with others: one call, a file for each section."""
