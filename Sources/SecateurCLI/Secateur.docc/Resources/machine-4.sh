mkdir -p carried
tar -C checkpoints --exclude first/model -cf - first | tar -C carried -xf -
