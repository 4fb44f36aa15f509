head -n 2000 data/fortunes.txt > my-sentences.txt
tail -n 500 data/fortunes.txt > other-sentences.txt
