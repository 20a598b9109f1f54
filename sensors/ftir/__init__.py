"""Result files of open-path FTIR spectrometers."""
