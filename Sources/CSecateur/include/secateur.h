/*
 * Secateur: pruned transformers on CPUs, for programs in C and whatever calls C.
 *
 *     secateur_model *model;
 *     if (secateur_model_open("models/minilm", NULL, 0, &model) != SECATEUR_OK) {
 *         fprintf(stderr, "%s\n", secateur_error());
 *         return 1;
 *     }
 *
 * Every function may be called from any thread; calls on one model take turns. Texts are UTF-8. Where a function takes
 * lengths, they are in bytes, and NULL means that texts end with a zero byte. What is opened or created is given back by
 * the caller. A function that returns a status writes to what it is given for results only where that is SECATEUR_OK.
 */
#ifndef SECATEUR_H
#define SECATEUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. */
typedef enum secateur_status {
    SECATEUR_OK = 0,
    /* Something that is needed is not there. */
    SECATEUR_MISSING = 1,
    /* Something is there already. */
    SECATEUR_EXISTS = 2,
    /* A file or a text is damaged or of another kind. */
    SECATEUR_MALFORMED = 3,
    /* A value is outside of what is allowed. */
    SECATEUR_OUT_OF_RANGE = 4,
    /* What is asked for is not made or known here. */
    SECATEUR_UNSUPPORTED = 5,
    /* Two things do not belong together. */
    SECATEUR_MISMATCH = 6,
    /* Something else uses it now. */
    SECATEUR_BUSY = 7,
    /* The system refuses to read or to write. */
    SECATEUR_INACCESSIBLE = 8,
    /* Something else; secateur_error() says what. */
    SECATEUR_FAILED = 9
} secateur_status;

/* What was wrong with the last call of this thread that did not return SECATEUR_OK, on one line; valid until its next
 * call. */
const char *secateur_error(void);

/*
 * Sets what makes passes faster for the whole process, which nothing here does by itself: keeps OpenBLAS to the calling
 * thread, and keeps freed memory for the next pass. For the start of main.
 */
void secateur_configure(void);

/* ---- Models ---- */

/* An encoder, a classifier or a language model, dense or pruned. */
typedef struct secateur_model secateur_model;

/*
 * Loads a Hugging Face folder, a GGUF file, or the pruned model of a run folder.
 *
 * precision: "float32", "bfloat16", "int8" or "int4", how products are computed of layers that are stored as floats;
 *   NULL for float32.
 * threads: threads to compute on, 256 at most; 0 for as many as the program may use.
 */
secateur_status secateur_model_open(const char *path, const char *precision, int threads, secateur_model **model);

/* Frees a model; NULL is none. */
void secateur_model_close(secateur_model *model);

/* Features of an embedding; 0 for a model that does not embed. */
size_t secateur_model_features(const secateur_model *model);

/* Classes, 1 where it gives a score instead; 0 for a model that does not classify. */
size_t secateur_model_classes(const secateur_model *model);

/* The longest input, in tokens. */
size_t secateur_model_maximum_tokens(const secateur_model *model);

/* Bytes of the weights as they are held in memory. */
size_t secateur_model_size_bytes(const secateur_model *model);

/*
 * Token ids of a text, special ones included. Writes `capacity` of them at most, and to `count` how many there are.
 */
secateur_status secateur_tokenize(
    const secateur_model *model, const char *text, size_t length, int32_t *ids, size_t capacity, size_t *count);

/*
 * Embeds texts: embeddings [count x features].
 *
 * prompt: the name of what goes before every text; NULL for the model's own.
 */
secateur_status secateur_embed(
    const secateur_model *model, const char *const *texts, const size_t *lengths, size_t count, const char *prompt,
    float *embeddings);

/* Embeds sequences of token ids, one after another in `ids`: embeddings [count x features]. */
secateur_status secateur_embed_tokens(
    const secateur_model *model, const int32_t *ids, const size_t *counts, size_t count, float *embeddings);

/* Classifies texts: logits [count x classes]. */
secateur_status secateur_classify(
    const secateur_model *model, const char *const *texts, const size_t *lengths, size_t count, float *logits);

/* Classifies pairs of texts: logits [count x classes]. */
secateur_status secateur_classify_pairs(
    const secateur_model *model, const char *const *firsts, const size_t *first_lengths, const char *const *seconds,
    const size_t *second_lengths, size_t count, float *logits);

/*
 * How well each document answers a query, by a cross-encoder, a classifier of one class: scores [count], higher is
 * better.
 */
secateur_status secateur_rank(
    const secateur_model *model, const char *query, size_t query_length, const char *const *documents,
    const size_t *lengths, size_t count, float *scores);

/* How a text is continued. */
typedef struct secateur_generation {
    /* The most tokens to make. */
    size_t maximum_tokens;
    /* Logits are divided by it; 0 takes the likeliest token. */
    double temperature;
    /* Only the likeliest tokens that together have this probability are chosen among; more than 0, at most 1. */
    double top_p;
    /* Fixes what is random. */
    uint64_t seed;
    /* Whether the text is what a person says, to be put into the model's own form of a conversation. */
    bool is_chat;
} secateur_generation;

/* 128 tokens, the likeliest ones. */
secateur_generation secateur_generation_default(void);

/* Is given a piece of text, which does not end with a zero byte, and returns whether there shall be more. */
typedef bool (*secateur_take_piece)(const char *piece, size_t length, void *context);

/*
 * Continues a text. Pieces come on the calling thread as they are made.
 *
 * settings: NULL for secateur_generation_default().
 */
secateur_status secateur_generate(
    const secateur_model *model, const char *text, size_t length, const secateur_generation *settings,
    secateur_take_piece take, void *context);

/* ---- Searches ---- */

/*
 * Searches for a policy, on the calling thread.
 *
 * options: a JSON object with fields of run.json, of which "model", "task", "train" and "targetLatency" have no default:
 *   {"model": "models/minilm", "task": "fidelity", "train": "text.txt", "targetLatency": 0.25, "budget": 300}.
 * output: the run folder to write; a run that is there is replaced.
 * cache: the folder of level databases; NULL for the user's own.
 * take: is given a JSON object for what happens ("stage" and "fraction"; "evaluation" and "reward"; "note"), and returns
 *   whether the search shall continue. One that is stopped returns SECATEUR_OK, and its run has no summary.
 */
secateur_status secateur_search(
    const char *options, const char *output, const char *cache, secateur_take_piece take, void *context);

/*
 * Reads a part of a run folder, also of one whose search runs: "options", "summary" (null before the end), "policy" or
 * "trace", whose columns are lists. `take` is given it in one piece, as JSON.
 */
secateur_status secateur_run_read(const char *run, const char *part, secateur_take_piece take, void *context);

/* The environment of a run's search: the layers in order, a level for each, and at the end what the policy came to. */
typedef struct secateur_environment secateur_environment;

/* What a policy came to. */
typedef struct secateur_terms {
    double reward;
    /* On the reward data, as a fraction of the dense model's. */
    double quality;
    /* Predicted, end to end. */
    double latency_ms;
    size_t size_bytes;
} secateur_terms;

/*
 * Prepares the environment of a run whose search has evaluated a policy; the run is not changed.
 *
 * cache: the folder of level databases; NULL for the run's, or the user's own.
 */
secateur_status secateur_environment_open(
    const char *run, const char *cache, secateur_environment **environment);

/* Frees an environment; NULL is none. */
void secateur_environment_close(secateur_environment *environment);

/* Layers, which are the steps of an episode; levels, which are the actions; numbers that describe a state. */
size_t secateur_environment_layers(const secateur_environment *environment);
size_t secateur_environment_levels(const secateur_environment *environment);
size_t secateur_environment_features(const secateur_environment *environment);

/*
 * Starts an episode.
 *
 * target: the latency to meet, as a fraction of dense; 0 for the run's.
 * features: [features] of the state; mask: [levels], which of them can still meet the target.
 */
secateur_status secateur_environment_reset(
    const secateur_environment *environment, double target, float *features, bool *mask);

/*
 * Decides the level of the present layer. After the last one the policy is evaluated: `terminated` is true then, and
 * `terms` are written instead of `features` and `mask`.
 */
secateur_status secateur_environment_step(
    const secateur_environment *environment, size_t action, float *features, bool *mask, bool *terminated,
    secateur_terms *terms);

/* ---- Single layers ---- */

/* One linear layer, Y = X * W^T + b, packed for the kernels by the zeros that its weight has. */
typedef struct secateur_linear secateur_linear;

/*
 * Packs a weight [rows x columns] and a bias [rows], row after row; what it is given can be freed then.
 *
 * bias: NULL for none.
 * precision: "float32", "bfloat16", "int8" or "int4"; NULL for float32.
 * threads: threads to compute on, 256 at most; 0 for as many as the program may use.
 */
secateur_status secateur_linear_create(
    const float *weight, size_t rows, size_t columns, const float *bias, const char *precision, int threads,
    secateur_linear **layer);

/* Computes outputs [tokens x rows] of inputs [tokens x columns]. */
secateur_status secateur_linear_execute(
    const secateur_linear *layer, const float *inputs, size_t tokens, float *outputs);

/* Bytes of the packed weight. */
size_t secateur_linear_size_bytes(const secateur_linear *layer);

/* Frees a layer; NULL is none. */
void secateur_linear_destroy(secateur_linear *layer);

#ifdef __cplusplus
}
#endif

#endif
