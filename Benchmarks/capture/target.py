# target.py GAPS THREADS DEPTH: the same in Python.
import mmap, struct, sys, threading, time

standing = threading.Barrier(int(sys.argv[2]) + 1)
never = threading.Event()


def descend(left):
    if left <= 1:
        standing.wait()
        never.wait()
    return descend(left - 1) + left


threading.stack_size(1 << 20)
for _ in range(int(sys.argv[2])):
    threading.Thread(target=descend, args=(int(sys.argv[3]),), daemon=True).start()
with open(sys.argv[1], "r+b") as file:
    gaps = mmap.mmap(file.fileno(), 4096)
standing.wait()
print("ready", flush=True)
before = time.monotonic_ns()
while True:
    here = time.monotonic_ns()
    if here - before > struct.unpack_from("q", gaps)[0]:
        struct.pack_into("q", gaps, 0, here - before)
    before = here
