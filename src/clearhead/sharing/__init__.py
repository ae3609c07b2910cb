"""Work on a corpus that only needs sharing out: each file has its output, written whole or not at all.

Any number of processes, one after another or at the same time, on one machine or many, make the same folder:
`inputs` says which files there are, `parts` cuts them, `folder` keeps what is done and joins it, `run` goes through
them, `check` compares the folder with the inputs. Who works on a part is a function: `run.here` in this process,
`cluster.workers` on the nodes of a Ray cluster.
"""
