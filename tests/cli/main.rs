//! The program as people and scripts use it: each module is one kind of use.

mod commands;
mod demo;
mod endings;
mod on_air;
mod program;
