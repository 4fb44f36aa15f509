/* How similar two sentences are: `similarity MODEL SENTENCE SENTENCE`. */
#include <secateur.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: similarity MODEL SENTENCE SENTENCE\n"), 2;
    secateur_model *model;
    if (secateur_model_open(arguments[1], NULL, 0, &model)) return fprintf(stderr, "%s\n", secateur_error()), 1;
    size_t features = secateur_model_features(model);
    float *embeddings = malloc(2 * features * sizeof(float)), cosine = 0;
    const char *texts[] = {arguments[2], arguments[3]};
    if (secateur_embed(model, texts, NULL, 2, NULL, embeddings)) return fprintf(stderr, "%s\n", secateur_error()), 1;
    for (size_t i = 0; i < features; i++) cosine += embeddings[i] * embeddings[features + i];
    printf("%.4f\n", cosine);
    free(embeddings);
    secateur_model_close(model);
}
