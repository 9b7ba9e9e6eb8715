//! The pieces that random programs are made of.

use lockstep_isa::decode::decode_bits;
use lockstep_isa::table::{Ext, Format};
use lockstep_isa::{Effect, Inst, Op, Reg};

use super::maker::{COUNTER, END, FAR, HERE, Maker, POINTERS, Piece, TEXT, VALUES, inst};

impl Maker {
    /// A register to read.
    fn source(&mut self) -> u32 {
        match self.random.below(12) {
            0 => self.random.below(32) as u32,
            1 => self.random.pick(&POINTERS),
            _ => self.random.pick(&VALUES),
        }
    }

    /// A register to write.
    fn target(&mut self) -> u32 {
        match self.random.below(40) {
            0 => self.random.below(32) as u32,
            _ => self.random.pick(&VALUES),
        }
    }

    fn immediate(&mut self, low: i64, high: i64) -> i32 {
        match self.random.below(4) {
            0 => low as i32,
            1 => high as i32,
            2 => self.random.between(low.max(-8), high.min(8)) as i32,
            _ => self.random.between(low, high) as i32,
        }
    }

    /// Any plain instruction of the profile that does not jump, with operands of any kind.
    fn plain(&mut self) -> Inst {
        loop {
            let op = self.random.pick(Op::ALL);
            let row = op.row();
            let there = match row.ext {
                Ext::I | Ext::M => true,
                Ext::A => self.profile.extensions.a,
                Ext::Zba | Ext::Zbb | Ext::Zbc | Ext::Zbs => self.profile.extensions.b,
                Ext::Mop => false,
            };
            if !there || op.effect() != Effect::Next {
                continue;
            }
            let (rd, rs1, rs2) = (self.target(), self.source(), self.source());
            let address = self.random.pick(&POINTERS);
            return match row.format {
                Format::R => inst(op, rd, rs1, rs2, 0),
                Format::Unary => inst(op, rd, rs1, 0, 0),
                Format::I => inst(op, rd, rs1, 0, self.immediate(-2048, 2047)),
                Format::Shift5 => inst(op, rd, rs1, 0, self.immediate(0, 31)),
                Format::Shift6 => inst(op, rd, rs1, 0, self.immediate(0, 63)),
                Format::Upper => {
                    let upper = self.immediate(-0x8_0000, 0x7_ffff) << 12;
                    inst(op, rd, 0, 0, upper)
                }
                Format::Load => inst(op, rd, address, 0, self.random.between(-12, 12) as i32),
                Format::Store => inst(op, 0, address, rs2, self.random.between(-12, 12) as i32),
                Format::Atomic => inst(op, rd, address, rs2, 0),
                Format::LoadReserved => inst(op, rd, address, 0, 0),
                _ => continue,
            };
        }
    }

    /// Any 16-bit instruction of the profile that does not jump; seldom one that is none.
    fn compressed(&mut self) -> u16 {
        loop {
            let bits = self.random.next() as u16;
            if bits & 3 == 3 {
                continue;
            }
            match decode_bits(u32::from(bits), self.profile) {
                None if self.random.one_in(2000) => return bits,
                None => {}
                Some(inst) => {
                    let moves = POINTERS.contains(&(inst.rd.index() as u32));
                    let touches = matches!(inst.op.row().format, Format::Load | Format::Store);
                    let pointer = POINTERS.contains(&(inst.rs1.index() as u32));
                    if inst.op.effect() == Effect::Next && !moves && touches == pointer {
                        return bits;
                    }
                }
            }
        }
    }

    /// A sequence that fusion knows, over random registers: often all conditions hold, often not.
    fn fusible(&mut self) -> Vec<Inst> {
        let mut names: Vec<u32> = vec![1, 5, 10, 11, 12, 13, 14, 31];
        for index in (1..names.len()).rev() {
            names.swap(index, self.random.below(index as u64 + 1) as usize);
        }
        if self.random.one_in(3) {
            let from = self.random.below(5) as usize;
            names[from] = self
                .random
                .pick(&[0, names[0], names[1], names[2], names[3]]);
        }
        let (a, b, c, d, e) = (names[0], names[1], names[2], names[3], names[4]);
        let r = |op, rd, rs1, rs2| inst(op, rd, rs1, rs2, 0);
        let (high, low) = (
            self.immediate(-0x8_0000, 0x7_ffff) << 12,
            self.immediate(-2048, 2047),
        );
        let mut insts = match self.random.below(13) {
            0 | 1 => adc(a, b, c),
            2 => vec![
                r(Op::Sub, b, a, b),
                r(Op::Sltu, c, a, e),
                r(Op::Sub, a, b, d),
                r(Op::Sltu, d, b, a),
                r(Op::Or, c, b, d),
            ],
            3 => {
                // The order of the or's sources is part of the pattern.
                let mut insts = vec![
                    r(Op::Sub, b, a, b),
                    r(Op::Sltu, c, a, b),
                    r(Op::Sub, a, b, d),
                    r(Op::Sltu, d, b, a),
                ];
                insts.push(r(Op::Or, c, d, c));
                insts
            }
            4 => vec![
                r(Op::Add, a, b, a),
                r(Op::Sltu, c, a, b),
                r(Op::Add, d, c, e),
            ],
            5 => vec![
                r(Op::Add, a, b, c),
                r(Op::Sltu, b, a, b),
                r(Op::Add, d, b, e),
            ],
            6 => vec![
                r(Op::Add, a, b, c),
                r(Op::Sltu, d, a, b),
                r(Op::Add, d, d, e),
            ],
            7 => vec![r(Op::Add, a, b, c), r(Op::Sltu, d, a, b)],
            8 => vec![r(Op::Sub, a, b, c), r(Op::Sltu, d, b, c)],
            9 => vec![inst(Op::Lui, a, 0, 0, high), inst(Op::Addiw, a, a, 0, low)],
            10 => vec![inst(Op::Auipc, a, 0, 0, high), inst(Op::Addi, a, a, 0, low)],
            11 => {
                let op = self.random.pick(&[Op::Mulh, Op::Mulhu, Op::Mulhsu]);
                vec![r(op, a, b, c), r(Op::Mul, d, b, c)]
            }
            _ if self.random.one_in(2) => vec![r(Op::Div, a, b, c), r(Op::Rem, d, b, c)],
            _ => vec![r(Op::Divu, a, b, c), r(Op::Remu, d, b, c)],
        };
        // A near miss now and then.
        if self.random.one_in(6) {
            let at = self.random.below(insts.len() as u64) as usize;
            let other = Reg::new(self.random.pick(&VALUES));
            match self.random.below(3) {
                0 if insts[at].op != Op::Lui && insts[at].op != Op::Auipc => insts[at].rs1 = other,
                1 if insts[at].op.row().format == Format::R => insts[at].rs2 = other,
                _ => insts[at].rd = other,
            }
        }
        insts
    }

    /// The piece that a jump goes to: mostly a little ahead.
    fn place(&mut self) -> usize {
        let here = self.pieces.len();
        let ahead = here + 1 + self.random.below(5) as usize;
        match self.random.below(6) {
            0 => self.random.below(here as u64 + 1) as usize,
            _ => ahead.min(self.count),
        }
    }

    fn jump(&mut self, inst: Inst) {
        let place = self.place();
        let off = if self.random.one_in(20) {
            self.random.pick(&[-2, 2])
        } else {
            0
        };
        self.pieces.push(Piece::To(inst, place, off));
    }

    /// One more piece.
    pub(super) fn piece(&mut self) {
        match self.random.below(26) {
            24 => self.edge(),
            25 => self.alias(),
            0..=6 => {
                for _ in 0..1 + self.random.below(6) {
                    let inst = self.plain();
                    self.emit(&[inst]);
                }
            }
            7..=9 => {
                let some = 1 + self.random.below(6);
                let halves: Vec<u16> = (0..some).map(|_| self.compressed()).collect();
                let bytes = halves.into_iter().flat_map(u16::to_le_bytes).collect();
                self.pieces.push(Piece::Code(bytes));
            }
            10..=14 => {
                let insts = self.fusible();
                self.emit(&insts);
            }
            15 | 16 => {
                let op =
                    self.random
                        .pick(&[Op::Beq, Op::Bne, Op::Blt, Op::Bge, Op::Bltu, Op::Bgeu]);
                let (rs1, rs2) = (self.source(), self.source());
                self.jump(inst(op, 0, rs1, rs2, 0));
            }
            17 => {
                let rd = self.random.pick(&[0, 1, 5]);
                self.jump(inst(Op::Jal, rd, 0, 0, 0));
            }
            18 => {
                // A loop back, a few rounds.
                let here = self.pieces.len();
                let back = here - (self.random.below(8) as usize).min(here);
                self.emit(&[inst(Op::Addi, COUNTER, COUNTER, 0, -1)]);
                self.pieces
                    .push(Piece::To(inst(Op::Bne, 0, COUNTER, 0, 0), back, 0));
            }
            19 => self.computed_jump(),
            20 => self.far_jump(),
            21 => {
                let fences = [Op::Fence, Op::FenceI];
                let imm = 0;
                match self.random.below(4) {
                    0 => self.emit(&[inst(Op::Ebreak, 0, 0, 0, 0)]),
                    1 => {
                        let print = [
                            inst(Op::Addi, 17, 0, 0, 2047),
                            inst(Op::Addi, 17, 17, 0, 130),
                            inst(Op::Addi, 10, 8, 0, 0),
                            inst(Op::Ecall, 0, 0, 0, 0),
                        ];
                        self.emit(&print);
                    }
                    _ => {
                        let op = self.random.pick(&fences);
                        self.emit(&[inst(op, 0, 0, 0, imm)]);
                    }
                }
            }
            22 => self.long_trace(),
            _ => {
                let rd = self.target();
                let upper = self.random.between(-2, 2) as i32;
                self.emit(&[inst(Op::Auipc, rd, 0, 0, upper << 12)]);
            }
        }
    }

    /// A jump through a register that was just computed, or that held an address from the start.
    fn computed_jump(&mut self) {
        let rd = self.random.pick(&[0, 1, 1, 6]);
        match self.random.below(4) {
            0 => self.emit(&[inst(Op::Jalr, rd, 6, 0, 0)]),
            1 => self.emit(&[inst(Op::Jalr, 6, 6, 0, 0)]),
            2 => self.emit(&[inst(Op::Jalr, rd, 1, 0, 0)]),
            _ => {
                // Relative to here; fused or not.
                let ahead = 8 + 2 * self.random.below(16) as i32 + i32::from(self.random.one_in(4));
                let via = self.random.pick(&[rd.max(1), 1, 7]);
                self.emit(&[
                    inst(Op::Auipc, via, 0, 0, 0),
                    inst(Op::Jalr, rd, via, 0, ahead),
                ]);
            }
        }
    }

    /// An access at or over the end of memory.
    fn edge(&mut self) {
        let off = self.random.pick(&[0, 0, 0, -1, 1]);
        let (rd, value) = (self.target(), self.source());
        let (op, size) = self.random.pick(&[
            (Op::Lb, 1),
            (Op::Lhu, 2),
            (Op::Lw, 4),
            (Op::Ld, 8),
            (Op::Sb, 1),
            (Op::Sh, 2),
            (Op::Sw, 4),
            (Op::Sd, 8),
        ]);
        self.emit(&[inst(op, rd, END, value, off - size)]);
    }

    /// A jump to where the program was, 4 GiB further on. Perhaps another trace has the slot by then.
    fn alias(&mut self) {
        let nops = |some: u64| [1u8, 0].repeat(some as usize);
        let padding = nops(self.random.below(2));
        self.pieces.push(Piece::Code(padding));
        self.emit(&[inst(Op::Jal, HERE, 0, 0, 4)]);
        let place = self.pieces.len();
        let body = nops(2 + self.random.below(4));
        self.pieces.push(Piece::Code(body));
        self.emit(&[inst(Op::Addi, COUNTER, COUNTER, 0, -1)]);
        let off = self.random.pick(&[2, 2, 4]);
        let (rs1, rs2) = (self.source(), self.source());
        let op = self.random.pick(&[Op::Beq, Op::Bne]);
        let back = if self.random.one_in(2) {
            inst(op, 0, rs1, rs2, 0)
        } else {
            inst(Op::Bge, 0, COUNTER, 0, 0)
        };
        self.pieces.push(Piece::To(back, place, off));
        let off = self.random.pick(&[0, 0, 0, 2]);
        self.emit(&[
            inst(Op::Add, HERE, HERE, FAR, 0),
            inst(Op::Jalr, 0, HERE, 0, off),
        ]);
    }

    /// `lui` and `jalr` to somewhere in the text.
    fn far_jump(&mut self) {
        let at = 2 * self.random.below(200) as i32 + i32::from(self.random.one_in(4));
        let via = self.random.pick(&[1, 1, 7, 0]);
        let rd = self.random.pick(&[1, 1, via, 0]);
        self.emit(&[
            inst(Op::Lui, via, 0, 0, TEXT as i32),
            inst(Op::Jalr, rd, via, 0, at),
        ]);
    }

    /// Enough fused additions for a trace of about 256 bytes.
    fn long_trace(&mut self) {
        self.emit(&[inst(Op::Fence, 0, 0, 0, 0)]);
        let fused = 10 + self.random.below(5);
        for _ in 0..fused {
            let insts = adc(10, 11, 12);
            self.emit(&insts);
        }
        for _ in 0..self.random.below(6) {
            self.emit(&[inst(Op::Addi, 13, 13, 0, 1)]);
        }
        if self.random.one_in(2) {
            self.jump(inst(Op::Jal, 1, 0, 0, 0));
        }
    }
}

/// The fused addition with carry.
fn adc(a: u32, b: u32, c: u32) -> Vec<Inst> {
    vec![
        inst(Op::Add, a, a, b, 0),
        inst(Op::Sltu, b, a, b, 0),
        inst(Op::Add, a, a, c, 0),
        inst(Op::Sltu, c, a, c, 0),
        inst(Op::Or, b, b, c, 0),
    ]
}
