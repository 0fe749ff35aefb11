// npz
