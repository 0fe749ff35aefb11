// dat
