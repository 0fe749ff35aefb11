// transform
