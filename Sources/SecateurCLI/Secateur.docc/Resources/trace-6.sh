/usr/bin/python3 trace.py
