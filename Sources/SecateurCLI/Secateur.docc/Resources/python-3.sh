environment/bin/python search.py
