#!/bin/bash
# A corpus in a folder, translated by 64 jobs of which 16 run at a time:
#   sbatch deploy/slurm/translate.sh
# When all have ended well, the proof that nothing is missing:
#   sbatch --dependency=afterok:JOB --wrap "clearhead translate --model runs/fr-en --input corpus --output corpus.en --check"
#SBATCH --job-name=translate
#SBATCH --array=0-63%16
#SBATCH --cpus-per-task=8
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --requeue

# 64 is written out: an array that is sent again for some indices, --array=3,17, has another $SLURM_ARRAY_TASK_COUNT.
# The processors are named twice: a step does not take over those of its job.
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" clearhead translate --model runs/fr-en --input corpus --output corpus.en \
    --shard "$SLURM_ARRAY_TASK_ID/64"
