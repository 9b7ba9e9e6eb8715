# Words that are no instruction of the machine.

#: case jalr with another funct3
#: fault = InvalidInstruction
    .word 0x00009067

#: case load with funct3 7
#: fault = InvalidInstruction
    .word 0x00007003

#: case store with funct3 4
#: fault = InvalidInstruction
    .word 0x00004023

#: case branch with funct3 2
#: fault = InvalidInstruction
    .word 0x00002063

#: case branch with funct3 3
#: fault = InvalidInstruction
    .word 0x00003063

#: case slliw with bit 25
#: fault = InvalidInstruction
    .word 0x0200109b

#: case sraiw with bit 25
#: fault = InvalidInstruction
    .word 0x4200509b

#: case slli with a high bit
#: fault = InvalidInstruction
    .word 0x04001013

#: case floating point
#: fault = InvalidInstruction
    .word 0x00002007

#: case forty-eight bits and longer
#: fault = InvalidInstruction
    .word 0x0000001f

#: case all ones
#: fault = InvalidInstruction
    .word 0xffffffff

#: case all zeros
#: fault = InvalidInstruction
    .word 0x00000000

#: case Zicond is not known
#: fault = InvalidInstruction
    .word 0x0e005033

#: case packb of Zbkb is not known: zext.h needs rs2 = 0
#: fault = InvalidInstruction
    .word 0x0810453b

#: case bit manipulation without the extension
#: isa = imc,mop
#: fault = InvalidInstruction
    sh1add a0, a1, a2
