"""Makes nbconvert report, as JSON lines on its error stream, when a cell starts and how it ended.

tslab gives no execution count and no `error` output, so the kernel's own reply is the only proof that a cell ran.
"""

import json
import sys

c = get_config()  # noqa: F821, nbconvert provides it


def report(**event):
    print(json.dumps(event), file=sys.stderr, flush=True)


def on_cell_execute(cell, cell_index):
    report(event="start", cell=cell_index)


def on_cell_executed(cell, cell_index, execute_reply):
    status = execute_reply["content"]["status"]
    report(event="end", cell=cell_index, status=status, outputs=[] if status == "ok" else cell.outputs)


c.ExecutePreprocessor.on_cell_execute = on_cell_execute
c.ExecutePreprocessor.on_cell_executed = on_cell_executed
c.ExecutePreprocessor.record_timing = False
c.ExecutePreprocessor.timeout = None  # the caller limits the whole notebook instead
c.ExecutePreprocessor.shutdown_kernel = "immediate"  # an interrupted run must not wait for a busy kernel
