"""The workbench from a shell: one module a kind of question, each adding its commands to the same application."""
