"""``fastguard serve``: the guard behind HTTP, in the protocols that clients already speak. Needs the extra ``server``."""
