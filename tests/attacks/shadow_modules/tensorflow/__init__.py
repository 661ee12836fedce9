nn = None
