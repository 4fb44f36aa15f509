import secateur

# Before: model = sentence_transformers.SentenceTransformer("all-MiniLM-L6-v2")
model = secateur.Encoder("checkpoints/first")

documents = ["Trees are tall plants.", "Stocks fell on Monday.", "A kitten sleeps."]
index = model.encode(documents, normalize_embeddings=True)
query = model.encode("What is a cat doing?", normalize_embeddings=True)
print(documents[(index @ query).argmax()])
