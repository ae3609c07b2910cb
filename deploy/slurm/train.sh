#!/bin/bash
# One run on 4 machines of 8 GPUs, continued after the time limit until it has ended:
#   sbatch deploy/slurm/train.sh
#SBATCH --job-name=fr-en
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --gpus-per-node=8
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# Three minutes before the end, to this script only.
#SBATCH --signal=B:TERM@180

# torchrun kills its processes so many seconds after a signal, 30 if left out: less than the three minutes above.
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=150

# Every process finishes its step and the run is saved; the same command then goes on where it was. The signal goes to
# the step, the first of the job: srun would not pass on its own SIGTERM, but kill all processes.
trap 'scancel --signal=TERM "$SLURM_JOB_ID.0"; wait $job; scontrol requeue "$SLURM_JOB_ID"' TERM

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# The processors are named twice: a step does not take over those of its job.
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" \
    torchrun --nnodes "$SLURM_NNODES" --nproc-per-node 8 --rdzv-backend c10d \
    --rdzv-endpoint "$head:29500" --rdzv-id "$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}" \
    -m clearhead train --config run.toml --out "$SLURM_SUBMIT_DIR/runs/fr-en" --resume &
job=$!
wait $job
