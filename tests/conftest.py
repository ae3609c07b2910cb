import os

# One thread a worker: with more, small matrices collapse as soon as two workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
