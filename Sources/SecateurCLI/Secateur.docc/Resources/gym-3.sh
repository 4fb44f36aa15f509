environment/bin/python walk.py
