apt-get install -y python3-h5py python3-matplotlib
