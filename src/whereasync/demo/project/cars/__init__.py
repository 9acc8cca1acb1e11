"""Cars, their parts, makers and stores; and the exchange rates of a year."""
