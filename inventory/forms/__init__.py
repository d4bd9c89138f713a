"""The forms of the catalogue and of stock; what they ask for is done by the modules beside them."""
