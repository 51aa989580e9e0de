"""Makes passages whose titles answer questions: titled_passages.py VOCABULARY OUTPUT

Titles are two or three invented words; a text names four words of VOCABULARY, a file with a word
piece a line, and its question three of these in another order, so that one passage alone has all
of them. OUTPUT gets corpus.tsv with train.questions.jsonl, and valid.corpus.tsv with
valid.questions.jsonl: other titles and other sets of words, and of each passage one question.
"""
import json
import random
import sys

TRAIN, VALID = 12_000, 500
dice = random.Random(1)
ONSETS = "b br d dr f g gr h j k kl l m n p pr r s st t tr v w z".split()
VOWELS = "a e i o u ai ou".split()
CODAS = ["", "", "l", "n", "r", "s", "th", "x"]
TEXTS = (
    "It keeps {} and {} beside {}, and {} has been there ever since.",
    "Founded for {}, it holds {} and {}, and visitors come for its {}.",
    "Here {} meets {}. Of {} and {} there is more than enough.",
)
QUESTIONS = (
    "which one has {}, {} and {}?",
    "what is the place of {} with {} and {} called?",
    "name the one that holds {} and {} and {}",
)


def word():
    syllables = (dice.choice(ONSETS) + dice.choice(VOWELS) + dice.choice(CODAS)
                 for _ in range(dice.randint(2, 3)))
    return "".join(syllables).capitalize()


def title():
    return " ".join(word() for _ in range(dice.randint(2, 3)))


def write(folder, name, questions, count, words, titles, sets):
    with open(f"{folder}/{name}", "w", encoding="utf-8") as corpus, \
            open(f"{folder}/{questions}", "w", encoding="utf-8") as asked:
        corpus.write("id\ttext\ttitle\n")
        for number in range(1, count + 1):
            while (own := title()) in titles:
                pass
            titles.add(own)
            while (chosen := frozenset(dice.sample(words, 4))) in sets:
                pass
            sets.add(chosen)
            named = sorted(chosen)
            dice.shuffle(named)
            corpus.write(f"{number}\t{dice.choice(TEXTS).format(*named)}\t{own}\n")
            question = dice.choice(QUESTIONS).format(*dice.sample(named, 3))
            asked.write(json.dumps({
                "qid": number, "question": question, "answers": [own], "passage_id": number,
            }) + "\n")


def main():
    vocabulary, folder = sys.argv[1:]
    with open(vocabulary, encoding="utf-8") as file:
        words = [line.strip() for line in file]
    words = [piece for piece in words if piece.isascii() and piece.isalpha() and len(piece) > 3]
    titles, sets = set(), set()
    write(folder, "corpus.tsv", "train.questions.jsonl", TRAIN, words, titles, sets)
    write(folder, "valid.corpus.tsv", "valid.questions.jsonl", VALID, words, titles, sets)


main()
