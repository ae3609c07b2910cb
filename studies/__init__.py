"""Claims about sequence models, each an experiment: `python -m studies` lists them and `.NAME` runs one."""
