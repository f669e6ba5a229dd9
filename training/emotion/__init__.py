"""Speech emotion recognition (Sec. 4.1): corpora, features, the recogniser, its training and export."""
