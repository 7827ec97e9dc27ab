//! Attention.

mod multi_head;
mod product;

pub use self::multi_head::MultiHeadAttention;
pub use self::product::scaled_dot_product_attention;
