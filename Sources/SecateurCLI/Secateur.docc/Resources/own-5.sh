{
    printf 'sentence1\tsentence2\tscore\n'
    printf 'A man plays a guitar.\tSomeone plays an instrument.\t3.8\n'
    printf 'A woman cuts an onion.\tThe train leaves at noon.\t0.2\n'
    printf 'Two dogs run in a field.\tTwo dogs are running outside.\t4.4\n'
} > pairs.tsv
secateur evaluate my-model --task sts --data pairs.tsv
