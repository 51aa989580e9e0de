"""Makes the small cases of RAG from text on: questions and passages, joined, answered and ranked by
transformers, of the tiny models among the goldens.

They have the form of the cases of the same names in the whole set of goldens, beside the names of
their models and their passages. Written for transformers 4.41.2 on the CPU, float32, eager
attention, one thread. Usage: make_rag.py GOLDENS_FOLDER
"""

import copy
import json
import os
import sys
import tempfile

import torch
from safetensors.torch import save_file
from transformers import (
    BartForConditionalGeneration,
    BertTokenizerFast,
    DPRContextEncoder,
    DPRQuestionEncoder,
    RagConfig,
    RagRetriever,
    RagSequenceForGeneration,
    RagTokenForGeneration,
)
from transformers.models.rag.retrieval_rag import Index

FOLDER = sys.argv[1]
QUESTION, CONTEXT, GENERATOR = "dpr_question", "dpr_ctx", "bart_tiny"
LENGTH, ASKED = 48, 32
# Special tokens where BART has them; the rest is what bart_tiny has rows for.
WORDS = [
    "[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]", "river", "stone", "wing", "engine", "paper",
    "salt", "tower", "letter", "number", "title", "who", "which", "has", "the", "/", "?", ".",
    "'", ",", "s", "is", "it", "of", "a", "in",
] + [str(digit) for digit in range(10)] + ["##" + letter for letter in "abcdefghijklmnopqrst"]
NAMES = ["River", "Stone", '"Wing"', "Engine", "Paper", "Salt", "Tower", "Letter"]
PASSAGES = [
    (NAMES[n % 8], f"the {NAMES[(n + 3) % 8].lower()} has number {n % 10} of  {n * 7 % 10}.")
    for n in range(12)
]
QUESTIONS = [
    "What's the river ?", "which 'Stone' has it ?", "the tower is, or is it ?", "has  Salt",
    "it's a letter.", "isn't paper in the engine ?",
]
CLASSES = {"rag_sequence": RagSequenceForGeneration, "rag_token": RagTokenForGeneration}


class Few(Index):
    """The passages of highest inner product with vectors in memory."""

    def __init__(self, vectors):
        self.vectors = vectors

    def init_index(self):
        pass

    def is_initialized(self):
        return True

    def get_top_docs(self, question_hidden_states, n_docs):
        scores = torch.tensor(question_hidden_states) @ self.vectors.T
        found = scores.topk(n_docs, dim=1).indices.numpy()
        return found, self.vectors.numpy()[found]

    def get_doc_dicts(self, doc_ids):
        return [
            {"title": [PASSAGES[i][0] for i in ids], "text": [PASSAGES[i][1] for i in ids]}
            for ids in doc_ids
        ]


class Bench:
    def __init__(self):
        models = FOLDER + "/models"
        path = models + "/words/vocab.txt"
        self.asking = BertTokenizerFast.from_pretrained(models + "/wordpiece")
        self.writing = BertTokenizerFast(vocab_file=path, model_max_length=1_000)
        self.encoder = DPRQuestionEncoder.from_pretrained(f"{models}/{QUESTION}").eval()
        self.generator = BartForConditionalGeneration.from_pretrained(
            f"{models}/{GENERATOR}", attn_implementation="eager").eval()
        passages = DPRContextEncoder.from_pretrained(f"{models}/{CONTEXT}").eval()
        inputs = self.asking(
            [title for title, _ in PASSAGES], [text for _, text in PASSAGES], padding=True,
            return_tensors="pt", return_token_type_ids=False)
        self.vectors = passages(**inputs)[0]

    def model(self, kind, scale, count=3):
        config = RagConfig.from_question_encoder_generator_configs(
            self.encoder.config, self.generator.config, n_docs=count, max_combined_length=LENGTH,
            retrieval_vector_size=self.vectors.shape[1], index_name="custom", passages_path="-",
            index_path="-")
        retriever = RagRetriever(
            config, self.asking, self.writing, index=Few(self.vectors * scale))
        return CLASSES[kind](
            config=copy.deepcopy(config), question_encoder=copy.deepcopy(self.encoder),
            generator=copy.deepcopy(self.generator), retriever=retriever).eval()

    def asked(self, questions):
        return self.asking(
            questions, padding=True, truncation=True, max_length=ASKED, return_tensors="pt")

    def contexts(self, model, inputs, count):
        states = model.question_encoder(**inputs)[0]
        return model.retriever(
            inputs["input_ids"], states.numpy(), prefix=None, n_docs=count, return_tensors="pt")


def write(name, tensors, facts):
    facts = {
        "question_encoder": QUESTION, "generator": GENERATOR, "generator_tokenizer": "words",
        "max_combined_length": LENGTH,
        "passages": [{"title": title, "text": text} for title, text in PASSAGES], **facts,
    }
    path = f"{FOLDER}/cases/{name}"
    save_file({key: value.contiguous() for key, value in tensors.items()}, path + ".safetensors")
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False)


def punctuation(bench, scale):
    inputs, runs, tensors = bench.asked(QUESTIONS), {}, {"passage_embeddings": bench.vectors}
    models = {kind: bench.model(kind, scale) for kind in CLASSES}
    for name, cleans in (("clean", True), ("noclean", False)):
        bench.asking.clean_up_tokenization_spaces = cleans
        found = bench.contexts(models["rag_sequence"], inputs, 3)["context_input_ids"]
        tensors[name + ".context_input_ids"] = found
        runs[name] = {
            "decoded_questions": bench.asking.batch_decode(
                inputs["input_ids"], skip_special_tokens=True),
            "context_strings": bench.writing.batch_decode(found, skip_special_tokens=True),
            "generate": {
                kind: {"beam4": model.generate(
                    input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"],
                    num_beams=4, max_length=16).tolist()}
                for kind, model in models.items()
            },
        }
    bench.asking.clean_up_tokenization_spaces = True
    differ = {
        kind: sum(one != other for one, other in zip(
            *(runs[name]["generate"][kind]["beam4"] for name in runs)))
        for kind in CLASSES
    }
    print("punctuation differs", differ)
    write("rag_more_punctuation", tensors,
          {"questions": QUESTIONS, "embedding_scale": scale, "runs": runs})


def counts(bench):
    """Answers ranked under all passages that were asked for, which the reference's own is not."""
    rows = []
    for pair in ((3, 5), (5, 2), (1, 4)):
        for scale in (-0.3, 0.3, 1.0):
            model = bench.model("rag_sequence", scale, pair[0])
            for question in QUESTIONS:
                inputs = bench.asked([question])
                found = bench.contexts(model, inputs, pair[1])
                outputs = bench.generator.generate(
                    found["context_input_ids"], attention_mask=found["context_attention_mask"],
                    num_beams=4, num_return_sequences=4, max_length=12)
                own = list({str(row.tolist()): row for row in outputs}.values())
                own = torch.stack(own)
                repeated = {"input_ids": inputs["input_ids"].repeat(len(own), 1)}
                losses = [
                    model(**repeated, labels=own, exclude_bos_score=True, **count).loss
                    for count in ({}, {"n_docs": pair[1]})
                ]
                best = [own[loss.argmin()].tolist() for loss in losses]
                margins = [(loss.sort()[0][1] - loss.sort()[0][0]).item() for loss in losses]
                if min(margins) > 0.01:
                    rows.append({
                        "pair": f"{pair[0]}->{pair[1]}", "generator": GENERATOR,
                        "embedding_scale": scale, "config_n_docs": pair[0], "n_docs": pair[1],
                        "question": question, "differs": best[0] != best[1],
                        "transformers": best[0], "all_documents": best[1],
                    })
    chosen = [row for row in rows if row["differs"]][:6]
    chosen += [row for row in rows if not row["differs"]][:4]
    print("counts", len(rows), sum(row["differs"] for row in rows), len(chosen))
    write("rag_more_ndocs", {"passage_embeddings": bench.vectors}, {"rows": chosen})


def keys(bench, scale):
    questions = QUESTIONS[:4]
    inputs = bench.asked(questions)
    call = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
    models = {kind: bench.model(kind, scale) for kind in CLASSES}
    plain = {
        kind: model.generate(**call, num_beams=4, max_length=16).tolist()
        for kind, model in models.items()
    }
    bad = [list(word) for word in sorted({(row[1],) for rows in plain.values() for row in rows})]
    sets = {
        "official_top_level": ({"num_beams": 4, "max_length": 40, "min_length": 1,
                                "bad_words_ids": [[0, 0]]}, {}),
        "top_level_bad_answer": ({"num_beams": 4, "max_length": 14, "bad_words_ids": bad}, {}),
        "top_level_min_ngram_lp": (
            {"num_beams": 3, "num_return_sequences": 2, "max_length": 14, "min_length": 6,
             "no_repeat_ngram_size": 2, "length_penalty": 2.0}, {}),
        "generator_level": ({}, {"num_beams": 2, "max_length": 9, "min_length": 5}),
        "generator_bad_answer": ({}, {"num_beams": 4, "bad_words_ids": bad}),
    }
    runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (top, generator) in sets.items():
            for kind, model in models.items():
                model.save_pretrained(folder)
                if os.path.exists(folder + "/generation_config.json"):
                    os.remove(folder + "/generation_config.json")
                with open(folder + "/config.json", encoding="utf-8") as file:
                    settings = json.load(file)
                settings.update(top)
                settings["generator"].update(generator)
                with open(folder + "/config.json", "w", encoding="utf-8") as file:
                    json.dump(settings, file)
                changed = CLASSES[kind].from_pretrained(
                    folder, config=RagConfig.from_pretrained(folder),
                    retriever=model.rag.retriever).eval()
                runs[f"{kind}.{name}"] = {
                    "top": top, "generator": generator,
                    "sequences": changed.generate(**call).tolist(),
                }
    for kind, model in models.items():
        pair = plain[kind][2][1:3]
        for name, words in (("bad_words_call", bad), ("bad_words_two_tokens_call", [pair])):
            found = {"num_beams": 4, "max_length": 16, "bad_words_ids": words}
            runs[f"{kind}.{name}"] = {
                "call": found, "sequences": model.generate(**call, **found).tolist()}
    sources = bench.writing(
        [f"{title} / {text} // {question}" for (title, text), question in zip(PASSAGES, questions)],
        padding=True, truncation=True, max_length=LENGTH, return_tensors="pt",
        return_token_type_ids=False)
    tensors = {"passage_embeddings": bench.vectors}
    tensors.update({"bart." + name: value for name, value in sources.items()})
    write("rag_more_generation_keys", tensors, {
        "questions": questions, "embedding_scale": scale, "runs": runs,
        "bart_legacy_bos": legacy(bench, sources),
    })


def legacy(bench, sources):
    runs = {}
    for name, patch in (
        ("legacy_key", {"force_bos_token_to_be_generated": True}),
        ("legacy_key_and_forced_bos_null",
         {"force_bos_token_to_be_generated": True, "forced_bos_token_id": None}),
        ("forced_bos_5_wins",
         {"force_bos_token_to_be_generated": True, "forced_bos_token_id": 5}),
        ("without", {}),
    ):
        with tempfile.TemporaryDirectory() as folder:
            bench.generator.save_pretrained(folder)
            os.remove(folder + "/generation_config.json")
            with open(folder + "/config.json", encoding="utf-8") as file:
                settings = json.load(file)
            settings.pop("forced_bos_token_id", None)
            settings.update(patch)
            with open(folder + "/config.json", "w", encoding="utf-8") as file:
                json.dump(settings, file)
            model = BartForConditionalGeneration.from_pretrained(
                folder, attn_implementation="eager").eval()
            runs[name] = {
                "patch": patch,
                "forced_bos_token_id": model.generation_config.forced_bos_token_id,
                "greedy": model.generate(**sources, num_beams=1, max_length=12).tolist(),
                "beam4": model.generate(**sources, num_beams=4, max_length=12).tolist(),
            }
    return runs


def main():
    torch.set_num_threads(1)
    assert len(WORDS) == 60, len(WORDS)
    os.makedirs(FOLDER + "/models/words", exist_ok=True)
    with open(FOLDER + "/models/words/vocab.txt", "w", encoding="utf-8") as file:
        file.write("".join(word + "\n" for word in WORDS))
    with torch.no_grad():
        bench = Bench()
        punctuation(bench, 1.0)
        counts(bench)
        keys(bench, 1.0)


main()
