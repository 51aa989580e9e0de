"""Writes losses.json: what the losses of Simple Transformers make of the tiny DPR towers.

    python make_fixtures.py FOLDER

FOLDER holds the unpacked package simpletransformers 0.70.8, whose own code runs here: its way from
a row of scores to labels, scores and loss. Needs the packages torch, transformers and safetensors.
The binary loss is put together of that package's labels and PyTorch's criterion, since its own
`_calculate_loss` ends that branch with an unbound variable.
"""

import ast
import contextlib
import hashlib
import json
import pathlib
import platform
import sys
import types

import torch
import transformers
from transformers import BertTokenizerFast, DPRContextEncoder, DPRQuestionEncoder

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent / "goldens" / "models"
LENGTH = 32
QUARTETS = [
    # Two questions, two passages, the scores aa, ab, ba, bb.
    ("which town lies on the seine", "who wrote the play faust", "paris lies on the river seine",
     "goethe wrote faust in two parts", 3.5, -1.25, -2.0, 4.0),
    ("what is the red planet", "how many moons has mars", "mars is called the red planet",
     "mars has two small moons", 2.5, 1.75, 0.5, 3.25),
    # The passage of the other question is the better one of both.
    ("what do bees make", "who makes honey", "wax is made by bees", "bees make honey", -0.5, 2.25,
     1.5, 0.25),
    # Both are as good.
    ("where is gold found", "what is found in rivers", "gold is found in rivers",
     "rivers carry sand and gold", 1.0, 1.0, 0.75, 0.75),
]
PAIRS = [
    ("which town lies on the seine", "paris lies on the river seine"),
    ("what is the capital of france", "paris lies on the river seine"),
    ("who wrote the play faust", "goethe wrote faust in two parts"),
    ("what do bees make", "bees make honey"),
]
# Gradients that are kept whole; of all others the norm, but of key biases: theirs is noise.
KEPT = ("layer.1.output.dense.bias",)


def definitions(path, names, namespace):
    """Runs the definitions of some functions, methods and classes of a file, and nothing else."""
    tree = ast.parse(pathlib.Path(path).read_text())
    found = [
        node for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names
    ]
    assert sorted(node.name for node in found) == sorted(names), [node.name for node in found]
    exec(compile(ast.Module(found, []), str(path), "exec"), namespace)


def library(folder):
    namespace = {
        "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "HFDataset": (),
        "nullcontext": contextlib.nullcontext,
    }
    names = ("QuartetLossV3", "RetrievalOutput", "get_output_embeddings", "get_relevant_labels")
    definitions(f"{folder}/simpletransformers/retrieval/retrieval_utils.py", names, namespace)
    names = ("_calculate_loss", "_get_loss", "_get_running_stats", "_get_inputs_dict")
    definitions(f"{folder}/simpletransformers/retrieval/retrieval_model.py", names, namespace)
    return namespace


def short(number):
    return float(f"{number.item():.7g}")


class Arguments:
    """Its arguments: what is named, and off for all others."""

    similarity_function = "dot_product"
    train_context_encoder = True
    train_query_encoder = True
    nll_lambda = 1.0
    nll_lambda_start_decay = None
    extra_cls_token_count = 0

    def __init__(self, **named):
        self.__dict__.update(named)

    def __getattr__(self, name):
        return False


class Towers:
    def __init__(self):
        load = {"attn_implementation": "eager"}
        self.question = DPRQuestionEncoder.from_pretrained(MODELS / "dpr_question", **load)
        self.context = DPRContextEncoder.from_pretrained(MODELS / "dpr_ctx", **load)
        self.tokenizer = BertTokenizerFast.from_pretrained(MODELS / "wordpiece")

    def texts(self, texts):
        encoded = self.tokenizer(
            list(texts), max_length=LENGTH, padding="max_length", truncation=True,
            return_tensors="pt")
        return encoded["input_ids"], encoded["attention_mask"]

    def train(self, loss):
        self.question.zero_grad()
        self.context.zero_grad()
        loss.backward()
        norms, kept = {}, {}
        for side, tower in (("question", self.question), ("context", self.context)):
            for name, parameter in tower.named_parameters():
                name = name.split("bert_model.")[-1]
                if parameter.grad is None or name.endswith("key.bias"):
                    continue
                norms[f"{side} {name}"] = short(parameter.grad.double().norm())
                if name.endswith(KEPT):
                    kept[f"{side} {name}"] = [short(x) for x in parameter.grad.flatten()]
        return {"loss": loss.item(), "norms": norms, "gradients": kept}


def quartets(there, towers, **named):
    model = types.SimpleNamespace(
        args=Arguments(quartet_training_format=True, quartet_lambda=1.0, **named),
        device="cpu", context_encoder=towers.context)
    for name in ("_get_loss", "_get_running_stats"):
        setattr(model, name, types.MethodType(there[name], model))
    batch = {}
    for letter, question, passage in (("a", 0, 2), ("b", 1, 3)):
        ids, mask = towers.texts(row[question] for row in QUARTETS)
        batch[f"query_ids_{letter}"], batch[f"query_mask_{letter}"] = ids, mask
        ids, mask = towers.texts(row[passage] for row in QUARTETS)
        batch[f"context_ids_{letter}"], batch[f"context_mask_{letter}"] = ids, mask
    for column, name in enumerate(("aa", "ab", "ba", "bb"), 4):
        batch[f"{name}_score"] = torch.tensor([row[column] for row in QUARTETS])
    context, query, labels, teacher = there["_get_inputs_dict"](model, batch)
    output = there["_calculate_loss"](
        model, towers.context, towers.question, context, query, labels, teacher)
    return {"labels": labels.tolist(), **towers.train(output.loss)}


def binary(there, towers, with_nll):
    query_ids, query_mask = towers.texts(question for question, _ in PAIRS)
    context_ids, context_mask = towers.texts(passage for _, passage in PAIRS)
    labels = torch.stack([
        there["get_relevant_labels"](context_ids, {"context_ids": ids})["labels"]
        for ids in context_ids])
    questions = towers.question(input_ids=query_ids, attention_mask=query_mask).pooler_output
    contexts = towers.context(input_ids=context_ids, attention_mask=context_mask).pooler_output
    scores = questions @ contexts.t()
    loss = torch.nn.BCEWithLogitsLoss()(scores, labels)
    if with_nll:
        right = torch.arange(len(PAIRS))
        loss = loss + torch.nn.NLLLoss()(torch.log_softmax(scores, dim=-1), right)
    return {"labels": labels.int().tolist(), **towers.train(loss)}


def main():
    torch.set_num_threads(1)
    there = library(sys.argv[1])
    towers = Towers()
    for tower in (towers.question, towers.context):
        tower.train()
        assert not any(m.p for m in tower.modules() if isinstance(m, torch.nn.Dropout))
    result = {
        "length": LENGTH, "quartets": QUARTETS, "pairs": PAIRS,
        "runs": {
            "quartet": quartets(there, towers, include_quartet_loss=True),
            "quartet and nll": quartets(
                there, towers, include_quartet_loss=True, include_nll_loss=True),
            "quartets, nll alone": quartets(there, towers, include_nll_loss=True),
            "binary": binary(there, towers, False),
            "binary and nll": binary(there, towers, True),
        },
    }
    text = json.dumps(result, separators=(",", ":")) + "\n"
    (HERE / "losses.json").write_text(text)
    manifest = {
        "generator": "make_fixtures.py", "python": platform.python_version(),
        "torch": torch.__version__, "transformers": transformers.__version__,
        "simpletransformers": "0.70.8",
        "sha256": {"losses.json": hashlib.sha256(text.encode()).hexdigest()},
    }
    (HERE / "MANIFEST.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
