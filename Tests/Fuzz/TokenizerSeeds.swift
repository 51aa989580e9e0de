/// Small tokenizers of both kinds.
enum TokenizerSeeds {
    static let all = [words, pairs]

    private static let words = """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\
        {"id":0,"content":"[PAD]",\
        "single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},\
        {"id":1,"content":"[UNK]","special":true},{"id":2,"content":"[CLS]","special":true},\
        {"id":3,"content":"[SEP]","special":true},{"id":4,"content":"[MASK]","lstrip":true,\
        "special":true}],"normalizer":{"type":"BertNormalizer","clean_text":true,\
        "handle_chinese_chars":true,"strip_accents":null,"lowercase":true},\
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing",\
        "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},\
        {"SpecialToken":{"id":"[SEP]","type_id":0}}],"pair":[{"SpecialToken":{"id":"[CLS]",\
        "type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]",\
        "type_id":0}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"[SEP]",\
        "type_id":1}}],"special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},\
        "[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},"decoder":{"type":"WordPiece",\
        "prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]",\
        "continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[PAD]":0,\
        "[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4,"the":5,"fox":6,"##s":7,"na":8,"##ive":9,"a":10,\
        "b":11,"e":12,"中":13}}}
        """

    private static let pairs = """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<s>",\
        "special":true},{"id":1,"content":"<pad>","special":true},{"id":2,"content":"</s>",\
        "special":true},{"id":3,"content":"<unk>","special":true},{"id":4,"content":"<mask>",\
        "lstrip":true,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel",\
        "add_prefix_space":false,"trim_offsets":true,"use_regex":true},\
        "post_processor":{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],\
        "trim_offsets":true,"add_prefix_space":false},"decoder":{"type":"ByteLevel"},\
        "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"",\
        "end_of_word_suffix":"","fuse_unk":false,"vocab":{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,\
        "<mask>":4,"a":5,"b":6,"T":7,"h":8,"e":9,"Ġ":10,"f":11,"o":12,"x":13,"he":14,"The":15,\
        "Ġf":16,"ox":17,"Ġfox":18},"merges":["h e","T he","Ġ f","o x","Ġf ox"]}}
        """
}
