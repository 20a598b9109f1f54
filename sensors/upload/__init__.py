"""Files and bodies that people or laboratories send."""
