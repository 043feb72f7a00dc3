/** The instruction set: what each opcode is called, takes and costs before it runs (FATE 3, protocol Ceres). */

export interface Opcode {
  code: number;
  name: string;
  /** number of arguments; those in `immediates` must be immediate */
  arity: number;
  immediates: readonly number[];
  /** the last instruction of a basic block, and only there */
  endsBlock: boolean;
  /** base gas */
  gas: number;
  offChain: boolean;
}

/** code name gas arguments; `a` any operand, `i` immediate; `*` ends a block, `!` is not allowed off chain */
const table = `
00 RETURN 10 - *
01 RETURNR 10 a *
02 CALL 10 a *
03 CALL_R 100 aiaaa *
04 CALL_T 10 a *
05 CALL_GR 100 aiaaaa *
06 JUMP 10 i *
07 JUMPIF 10 ai *
08 SWITCH_V2 10 aii *
09 SWITCH_V3 10 aiii *
0a SWITCH_VN 10 ai *
0b CALL_VALUE 10 a
0c PUSH 10 a
0d DUPA 10 -
0e DUP 10 a
0f POP 10 a
10 INCA 10 -
11 INC 10 a
12 DECA 10 -
13 DEC 10 a
14 ADD 10 aaa
15 SUB 10 aaa
16 MUL 10 aaa
17 DIV 10 aaa
18 MOD 10 aaa
19 POW 10 aaa
1a STORE 10 aa
1b SHA3 100 aa
1c SHA256 100 aa
1d BLAKE2B 100 aa
1e LT 10 aaa
1f GT 10 aaa
20 EQ 10 aaa
21 ELT 10 aaa
22 EGT 10 aaa
23 NEQ 10 aaa
24 AND 10 aaa
25 OR 10 aaa
26 NOT 10 aa
27 TUPLE 10 ai
28 ELEMENT 10 aaa
29 SETELEMENT 10 aaaa
2a MAP_EMPTY 10 a
2b MAP_LOOKUP 10 aaa
2c MAP_LOOKUPD 10 aaaa
2d MAP_UPDATE 10 aaaa
2e MAP_DELETE 10 aaa
2f MAP_MEMBER 10 aaa
30 MAP_FROM_LIST 10 aa
31 MAP_SIZE 10 aa
32 MAP_TO_LIST 10 aa
33 IS_NIL 10 aa
34 CONS 10 aaa
35 HD 10 aa
36 TL 10 aa
37 LENGTH 10 aa
38 NIL 10 a
39 APPEND 10 aaa
3a STR_JOIN 10 aaa
3b INT_TO_STR 100 aa
3c ADDR_TO_STR 100 aa
3d STR_REVERSE 100 aa
3e STR_LENGTH 10 aa
3f BYTES_TO_INT 10 aa
40 BYTES_TO_STR 100 aa
41 BYTES_CONCAT 10 aaa
42 BYTES_SPLIT 10 aaa
43 INT_TO_ADDR 10 aa
44 VARIANT 10 aaaa
45 VARIANT_TEST 10 aaa
46 VARIANT_ELEMENT 10 aaa
47 BITS_NONEA 10 -
48 BITS_NONE 10 a
49 BITS_ALLA 10 -
4a BITS_ALL 10 a
4b BITS_ALL_N 10 aa
4c BITS_SET 10 aaa
4d BITS_CLEAR 10 aaa
4e BITS_TEST 10 aaa
4f BITS_SUM 10 aa
50 BITS_OR 10 aaa
51 BITS_AND 10 aaa
52 BITS_DIFF 10 aaa
53 BALANCE 10 a
54 ORIGIN 10 a
55 CALLER 10 a
56 BLOCKHASH 1000 aa
57 BENEFICIARY 10 a
58 TIMESTAMP 10 a
59 GENERATION 10 a
5a MICROBLOCK 10 a
5b DIFFICULTY 10 a
5c GASLIMIT 10 a
5d GAS 10 a
5e ADDRESS 10 a
5f GASPRICE 10 a
60 LOG0 1000 a
61 LOG1 1100 aa
62 LOG2 1200 aaa
63 LOG3 1300 aaaa
64 LOG4 1400 aaaaa
65 SPEND 5000 aa
66 ORACLE_REGISTER 10000 aaaaaaa !
67 ORACLE_QUERY 10000 aaaaaaaa !
68 ORACLE_RESPOND 10000 aaaaaa !
69 ORACLE_EXTEND 10000 aaa !
6a ORACLE_GET_ANSWER 2000 aaaaa
6b ORACLE_GET_QUESTION 2000 aaaaa
6c ORACLE_QUERY_FEE 2000 aa
6d AENS_RESOLVE 2000 aaaa
6e AENS_PRECLAIM 10000 aaa !
6f AENS_CLAIM 10000 aaaaa !
70 AENS_UPDATE 10000 aaaaaa !
71 AENS_TRANSFER 10000 aaaa !
72 AENS_REVOKE 10000 aaa !
73 BALANCE_OTHER 2000 aa
74 VERIFY_SIG 1300 aaaa
75 VERIFY_SIG_SECP256K1 1300 aaaa
76 CONTRACT_TO_ADDRESS 10 aa
77 AUTH_TX_HASH 10 a
78 ORACLE_CHECK 100 aaaa
79 ORACLE_CHECK_QUERY 100 aaaaa
7a IS_ORACLE 100 aa
7b IS_CONTRACT 100 aa
7c IS_PAYABLE 100 aa
7d CREATOR 10 a
7e ECVERIFY_SECP256K1 1300 aaaa
7f ECRECOVER_SECP256K1 1300 aaa
80 ADDRESS_TO_CONTRACT 10 aa
81 BLS12_381_G1_NEG 100 aa
82 BLS12_381_G1_NORM 100 aa
83 BLS12_381_G1_VALID 2000 aa
84 BLS12_381_G1_IS_ZERO 30 aa
85 BLS12_381_G1_ADD 100 aaa
86 BLS12_381_G1_MUL 1000 aaa
87 BLS12_381_G2_NEG 100 aa
88 BLS12_381_G2_NORM 100 aa
89 BLS12_381_G2_VALID 2000 aa
8a BLS12_381_G2_IS_ZERO 30 aa
8b BLS12_381_G2_ADD 100 aaa
8c BLS12_381_G2_MUL 1000 aaa
8d BLS12_381_GT_INV 100 aa
8e BLS12_381_GT_ADD 100 aaa
8f BLS12_381_GT_MUL 100 aaa
90 BLS12_381_GT_POW 2000 aaa
91 BLS12_381_GT_IS_ONE 30 aa
92 BLS12_381_PAIRING 12000 aaa
93 BLS12_381_MILLER_LOOP 5000 aaa
94 BLS12_381_FINAL_EXP 7000 aa
95 BLS12_381_INT_TO_FR 30 aa
96 BLS12_381_INT_TO_FP 30 aa
97 BLS12_381_FR_TO_INT 30 aa
98 BLS12_381_FP_TO_INT 30 aa
99 AENS_LOOKUP 2000 aa
9a ORACLE_EXPIRY 2000 aa
9b AUTH_TX 100 a
9c STR_TO_LIST 100 aa
9d STR_FROM_LIST 100 aa
9e STR_TO_UPPER 100 aa
9f STR_TO_LOWER 100 aa
a0 CHAR_TO_INT 10 aa
a1 CHAR_FROM_INT 10 aa
a2 CALL_PGR 100 aiaaaaa *
a3 CREATE 10000 aaa *
a4 CLONE 5000 aaaa *
a5 CLONE_G 5000 aaaaa *
a6 BYTECODE_HASH 100 aa
a7 FEE 10 a
a8 ADDRESS_TO_BYTES 10 aa
a9 POSEIDON 6000 aaa
aa MULMOD 10 aaaa
ab BAND 10 aaa
ac BOR 10 aaa
ad BXOR 10 aaa
ae BNOT 10 aa
af BSL 10 aaa
b0 BSR 10 aaa
b1 BYTES_SPLIT_ANY 10 aaa
b2 BYTES_SIZE 10 aa
b3 BYTES_TO_FIXED_SIZE 10 aaa
b4 INT_TO_BYTES 10 aaa
b5 STR_TO_BYTES 10 aa
b6 NETWORK_ID 10 a
f0 DBG_LOC 0 aa
f1 DBG_DEF 0 aa
f2 DBG_UNDEF 0 aa
f3 DBG_CONTRACT 0 a
fa DEACTIVATE 10 -
fb ABORT 10 a *
fc EXIT 10 a *
fd NOP 1 -
`;

/** By opcode byte. */
export const opcodes: ReadonlyMap<number, Opcode> = new Map(
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [hex, name, gas, format, flags = ''] = line.split(' ') as [
        string,
        string,
        string,
        string,
        string?,
      ];
      const forms = format === '-' ? [] : [...format];
      const code = Number.parseInt(hex, 16);
      return [
        code,
        {
          code,
          name,
          arity: forms.length,
          immediates: forms.flatMap((form, i) => (form === 'i' ? [i] : [])),
          endsBlock: flags.includes('*'),
          gas: Number(gas),
          offChain: !flags.includes('!'),
        },
      ];
    }),
);

/** First byte of a function in the byte code. */
export const functionMark = 0xfe;
