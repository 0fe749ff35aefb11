// Constants.
