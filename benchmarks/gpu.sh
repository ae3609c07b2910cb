#!/bin/sh
# Everything that is measured on a GPU, in one call of at most ten minutes on a bare machine:
#
#     bash benchmarks/gpu.sh                  # results in $OUT, or in runs/gpu
#     DEVICE=cpu bash benchmarks/gpu.sh       # a rehearsal without a GPU, in small shapes; its figures mean nothing
#
# It runs from src/ and needs Python 3.11 or later with torch, numpy, safetensors, sentencepiece, jaxtyping, filelock,
# pytest, and transformers for the comparison. What a machine with these still lacks can be carried in a folder .whl
# here, as wheels without their dependencies:
#
#     pip download --no-deps -d .whl platformdirs
#
# (ctranslate2 is 39 MB and wants cuBLAS of CUDA 12; without it its rows are left out.)
set -u
cd "$(dirname "$0")/.." || exit 1
PYTHON=${PYTHON:-python3}
if ls .whl/*.whl >/dev/null 2>&1; then
    "$PYTHON" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target /tmp/clearhead-site \
        .whl/*.whl || exit 1
    PYTHONPATH=/tmp/clearhead-site${PYTHONPATH:+:$PYTHONPATH}
fi
PYTHONPATH=$PWD/src${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
exec "$PYTHON" -m benchmarks.gpu --device "${DEVICE:-cuda}" --out "${OUT:-runs/gpu}" --within "${WITHIN:-560}" "$@"
