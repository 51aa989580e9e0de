"""Answers of a BART model by transformers and CTranslate2: generate.py MODEL THREADS

Prints an empty line when it is ready. Measures once for each line it reads, whose words name what
(sequence, token: RAG's answers by transformers; search, greedy: outputs by CTranslate2; all unless
some are named); prints one JSON object for each, then an empty line. The sources are those of
`SheafBenchmarks generate`.
"""
import json
import os
import shutil
import sys
import tempfile
import time

MODEL, THREADS = sys.argv[1], int(sys.argv[2])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)

import torch
from transformers import (BartForConditionalGeneration, DPRConfig, DPRQuestionEncoder, RagConfig,
                          RagSequenceForGeneration, RagTokenForGeneration)

PASSAGES, TOKENS, BEAMS, NEW = 5, 300, 4, 12


def sources(count, length):
    state, rows = 1, []
    for _ in range(count):
        row = []
        for _ in range(length):
            state = (1103515245 * state + 12345) & 0x7FFFFFFF
            row.append(4 + (state >> 8) % 50000)
        rows.append(row)
    return rows


class Transformers:
    """RAG over given contexts; the question encoder does nothing and is as small as may be."""

    def __init__(self, generator):
        small = DPRConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
                          intermediate_size=8)
        config = RagConfig.from_question_encoder_generator_configs(
            small, generator.config, n_docs=PASSAGES)
        parts = {"question_encoder": DPRQuestionEncoder(small), "generator": generator}
        self.models = {
            "sequence": RagSequenceForGeneration(config, **parts).eval(),
            "token": RagTokenForGeneration(config, **parts).eval()}
        ids = torch.tensor(sources(PASSAGES, TOKENS))
        self.inputs = {
            "context_input_ids": ids, "context_attention_mask": torch.ones_like(ids),
            "doc_scores": torch.tensor([[1 - 0.1 * place for place in range(PASSAGES)]]),
            "n_docs": PASSAGES, "num_beams": BEAMS}

    def run(self, kind):
        # RAG-sequence counts new tokens, RAG-token the start token too.
        length = ({"min_new_tokens": NEW, "max_new_tokens": NEW} if kind == "sequence"
                  else {"min_length": NEW + 1, "max_length": NEW + 1})
        with torch.inference_mode():
            found = self.models[kind].generate(**self.inputs, **length)
        assert found.shape[1] == NEW + 1, found.shape
        return found[0].tolist()


class CTranslate2:
    def __init__(self, generator):
        import ctranslate2
        from ctranslate2.converters.transformers import BartLoader

        # The converter reads a key that newer configurations do not have.
        generator.config.normalize_before = False
        spec = BartLoader().get_model_spec(generator)
        words = [f"t{number}" for number in range(generator.config.vocab_size)]
        words[:4] = "<s>", "<pad>", "</s>", "<unk>"
        spec.register_source_vocabulary(words)
        spec.register_target_vocabulary(words)
        spec.config.bos_token, spec.config.unk_token = "<s>", "<unk>"
        spec.config.eos_token = spec.config.decoder_start_token = "</s>"
        spec.validate()
        spec.optimize()
        folder = tempfile.mkdtemp()
        spec.save(folder)
        self.translator = ctranslate2.Translator(
            folder, device="cpu", compute_type="float32", inter_threads=1, intra_threads=THREADS)
        shutil.rmtree(folder)

    def run(self, count, length, beams, new):
        rows = [[f"t{token}" for token in row] for row in sources(count, length)]
        found = self.translator.translate_batch(
            rows, beam_size=beams, min_decoding_length=new, max_decoding_length=new)
        assert len(found[0].hypotheses[0]) == new
        return found[0].hypotheses[0]


def spent(body):
    clock, processor = time.perf_counter(), time.process_time()
    body()
    return time.perf_counter() - clock, time.process_time() - processor


def main():
    torch.set_num_threads(THREADS)
    generator = BartForConditionalGeneration.from_pretrained(MODEL).eval()
    fast = CTranslate2(generator)
    slow = Transformers(generator)
    fast.run(1, 64, 1, 2)

    def measure(kind):
        if kind in slow.models:
            return spent(lambda: slow.run(kind))
        if kind == "search":
            return spent(lambda: fast.run(PASSAGES, TOKENS, BEAMS, NEW))
        # Without the encoding: 33 tokens less one.
        short, long = (spent(lambda: fast.run(1, 64, 1, new)) for new in (1, 33))
        return tuple(b - a for a, b in zip(short, long))

    print(flush=True)
    for line in sys.stdin:
        for kind in line.split() or ("sequence", "token", "search", "greedy"):
            seconds, processor = measure(kind)
            print(json.dumps({
                "what": "generate", "kind": kind, "model": os.path.basename(MODEL.rstrip("/")),
                "peer": "transformers" if kind in slow.models else "CTranslate2",
                "threads": THREADS, "seconds": seconds, "processorSeconds": processor}),
                flush=True)
        print(flush=True)


main()
