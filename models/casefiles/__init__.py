"""What the case files of air and water share: strict tables, findings in two languages, tables of results."""
