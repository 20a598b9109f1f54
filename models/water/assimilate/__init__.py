"""Wells' readings joined with the model: what is believed before, the update, the twin that lives on."""
