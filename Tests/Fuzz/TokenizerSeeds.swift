import Foundation

/// Small tokenizers of all kinds.
enum TokenizerSeeds {
    static let all = [words, pairs, unigram, sentinels]

    /// A SentencePiece model with a map of characters: fields of pieces, of the trainer (bytes
    /// stand for what has no piece) and of the normaliser.
    static let sentencePiece: [UInt8] = {
        func field(_ key: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            // Two bytes of length, whatever it is.
            [key, UInt8(bytes.count & 0x7F) | 0x80, UInt8(bytes.count >> 7)] + bytes
        }
        func piece(_ text: String, kind: UInt8) -> [UInt8] {
            field(0x0A, field(0x0A, Array(text.utf8)) + [0x15, 0, 0, 0x20, 0xC0, 0x18, kind])
        }
        let pieces = [
            ("<pad>", 3), ("</s>", 3), ("<unk>", 2), ("<0x0D>", 6), ("<0xC3>", 6), ("▁", 1),
            ("a", 1), ("▁The", 1), ("b", 1), ("ve", 1), ("▁fox", 1), ("[MASK]", 4), ("n", 1),
        ].flatMap { piece($0.0, kind: UInt8($0.1)) }
        return pieces + field(0x12, [0x18, 0x01, 0x98, 0x02, 0x01, 0xC0, 0x02, 0x02])
            + field(0x1A, field(0x12, map))
    }()

    /// A map of one byte: U+0041 becomes "a".
    private static let map: [UInt8] = {
        var units = [UInt32](repeating: 0, count: 320)
        units[0] = UInt32(64) << 10
        units[64 ^ 0x41] = UInt32(1 ^ 300) << 10 | 0x100 | 0x41
        units[300] = 0x8000_0000
        return ([UInt32(units.count * 4)] + units).flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
        } + [0x61, 0]
    }()

    private static let unigram = """
        {"version":"1.0","added_tokens":[{"id":0,"content":"<s>","special":true},{"id":1,\
        "content":"<pad>","special":true},{"id":2,"content":"</s>","special":true},{"id":3,\
        "content":"<unk>","special":true},{"id":10,"content":"<mask>","lstrip":true,\
        "normalized":true,"special":true}],"normalizer":{"type":"Sequence","normalizers":[\
        {"type":"Precompiled","precompiled_charsmap":"\(Data(map).base64EncodedString())"},\
        {"type":"Strip","strip_left":false,"strip_right":true},{"type":"Replace","pattern":\
        {"Regex":" {2,}"},"content":"▁"}]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁",\
        "prepend_scheme":"always","split":true},"post_processor":{"type":"TemplateProcessing",\
        "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},\
        {"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},\
        {"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],\
        "special_tokens":{"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]},"<s>":{"id":"<s>",\
        "ids":[0],"tokens":["<s>"]}}},"decoder":{"type":"Metaspace","replacement":"▁",\
        "prepend_scheme":"always"},"model":{"type":"Unigram","unk_id":3,"vocab":[["<s>",0.0],\
        ["<pad>",0.0],["</s>",0.0],["<unk>",0.0],["▁",-1.5],["▁The",-3.25],["a",-4],["fox",-5.5],\
        ["n",-6],["b",-6.5],["<mask>",0.0]]}}
        """

    private static let sentinels = """
        {"added_tokens":[{"id":0,"content":"<pad>","special":true},{"id":1,"content":"</s>",\
        "special":true}],"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"Sequence",\
        "pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁",\
        "prepend_scheme":"first","split":false}]},"decoder":{"type":"Sequence","decoders":[\
        {"type":"ByteFallback"},{"type":"Replace","pattern":{"String":"▁"},"content":" "},\
        {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"model":{\
        "type":"Unigram","unk_id":2,"byte_fallback":true,"vocab":[["<pad>",0.0],["</s>",0.0],\
        ["<unk>",0.0],["<0x0D>",0.0],["<0xE4>",0.0],["<0xB8>",0.0],["<0xAD>",0.0],["▁",-2],\
        ["▁fox",-3],["the",-3.5],["e",-4]]}}
        """

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
