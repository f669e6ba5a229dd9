"""VOCASET (Cudeiro et al. 2019) and VOCATeeth, VOCASET with teeth and tongue (paper Sec. 3.4); the error measures on them."""
