import ModelFiles

/// Fields of `config.json` that change nothing of what a model computes once it is trained.
enum IdleFields {
    /// Where a file comes from, and how a program is to load and run it.
    private static let files: Set<String> = [
        "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "_commit_hash",
        "architectures",
        "auto_map", "chunk_size_feed_forward", "dtype", "gradient_checkpointing", "language", "model_type",
        "pretraining_tp", "quantization_config", "reorder_and_upcast_attn", "return_dict", "tokenizer_class",
        "torch_dtype", "torchscript", "transformers.js_config", "transformers_version", "unsloth_fixed",
        "unsloth_version", "use_bfloat16", "use_cache", "output_attentions", "output_hidden_states",
        "output_past", "tie_weights_", "is_llama_config", "vocab_size",
    ]
    /// What only training looks at, and heads of tasks.
    private static let training: Set<String> = [
        "activation_dropout", "attention_dropout", "attention_probs_dropout_prob", "attn_pdrop",
        "classifier_dropout", "cross_attention_hidden_size", "decoder_start_token_id", "dropout",
        "embd_pdrop",
        "finetuning_task", "hidden_dropout", "hidden_dropout_prob", "id2label", "initializer_factor",
        "initializer_range", "label2id", "num_labels", "problem_type", "pruned_heads", "qa_dropout",
        "resid_pdrop",
        "seq_classif_dropout", "sinusoidal_pos_embds", "summary_activation", "summary_first_dropout",
        "summary_last_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj",
        "task_specific_params", "tie_encoder_decoder", "sentence_transformers",
    ]
    /// Numbers of tokens, and how texts are generated where nobody says.
    private static let tokens: Set<String> = [
        "begin_suppress_tokens", "bos_token_id", "cls_token_id", "bad_words_ids", "diversity_penalty",
        "do_sample",
        "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id", "exponential_decay_length_penalty",
        "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "mask_token_id", "max_length",
        "max_new_tokens",
        "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences",
        "output_scores", "pad_token_id", "prefix", "remove_invalid_values", "repetition_penalty",
        "return_dict_in_generate", "sep_token_id", "suppress_tokens", "temperature", "top_k", "top_p",
        "typical_p", "unk_token_id",
    ]

    /// All of them.
    static let all = files.union(training).union(tokens)
    /// Of encoders, which have no output layer.
    static let ofEncoders = all.union(["tie_word_embeddings"])
}
