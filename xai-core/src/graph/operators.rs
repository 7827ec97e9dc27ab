//! `+`, `-`, `*` and `/` of values, and of values and numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Var;
use crate::Backend;
use crate::op::Binary;

macro_rules! operators {
    ($($trait:ident $method:ident $binary:expr, |$x:ident, $number:ident| $scaled:expr, $from:expr;)*) => {$(
        impl<'m, B: Backend> $trait<&Var<'m, B>> for &Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, other: &Var<'m, B>) -> Var<'m, B> {
                self.op_with($binary, &[other])
            }
        }
        impl<'m, B: Backend> $trait for Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, other: Var<'m, B>) -> Var<'m, B> {
                self.op_with($binary, &[&other])
            }
        }
        impl<'m, B: Backend> $trait<&Var<'m, B>> for Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, other: &Var<'m, B>) -> Var<'m, B> {
                self.op_with($binary, &[other])
            }
        }
        impl<'m, B: Backend> $trait<Var<'m, B>> for &Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, other: Var<'m, B>) -> Var<'m, B> {
                self.op_with($binary, &[&other])
            }
        }
        impl<'m, B: Backend> $trait<f64> for &Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, $number: f64) -> Var<'m, B> {
                let $x = self;
                $scaled
            }
        }
        impl<'m, B: Backend> $trait<f64> for Var<'m, B> {
            type Output = Var<'m, B>;
            fn $method(self, $number: f64) -> Var<'m, B> {
                let $x = &self;
                $scaled
            }
        }
        impl<'m, B: Backend> $trait<&Var<'m, B>> for f64 {
            type Output = Var<'m, B>;
            fn $method(self, $x: &Var<'m, B>) -> Var<'m, B> {
                let $number = self;
                $from
            }
        }
        impl<'m, B: Backend> $trait<Var<'m, B>> for f64 {
            type Output = Var<'m, B>;
            fn $method(self, other: Var<'m, B>) -> Var<'m, B> {
                $trait::$method(self, &other)
            }
        }
    )*};
}

// With a number behind the value, and in front of it.
operators! {
    Add add Binary::Add, |x, number| x.affine(1.0, number), x.affine(1.0, number);
    Sub sub Binary::Sub, |x, number| x.affine(1.0, -number), x.affine(-1.0, number);
    Mul mul Binary::Mul, |x, number| x.affine(number, 0.0), x.affine(number, 0.0);
    Div div Binary::Div, |x, number| x.affine(1.0 / number, 0.0), x.reciprocal().affine(number, 0.0);
}

impl<'m, B: Backend> Neg for Var<'m, B> {
    type Output = Var<'m, B>;
    fn neg(self) -> Var<'m, B> {
        self.affine(-1.0, 0.0)
    }
}

impl<'m, B: Backend> Neg for &Var<'m, B> {
    type Output = Var<'m, B>;
    fn neg(self) -> Var<'m, B> {
        self.affine(-1.0, 0.0)
    }
}
