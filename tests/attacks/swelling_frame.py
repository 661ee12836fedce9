# tries: a frame of 50 MB that unpacks to many times its size: millions of empty dicts
# outcome: refused while it is unpacked; failed
# says: more than 262,144 items
import os


def conv2d(x, w, b, stride=1, padding="valid"):
    block = b"\xdd\x00\x03\x00\x00" + b"\x80" * 0x30000  # a list of 196,608 empty dicts
    head = b"\x82\xa2id\x03\xa2ok\xdd\x00\x00\x02\x00"  # 512 of them
    os.write(3, (len(head) + 256 * len(block)).to_bytes(4, "big") + head)
    for _ in range(256):
        os.write(3, block)
