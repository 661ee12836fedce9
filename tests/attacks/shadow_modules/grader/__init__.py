expect_close = lambda *a, **k: None
