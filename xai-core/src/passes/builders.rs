//! The builder methods of everything that takes many passes.

/// How large a pass is, and what is called after each; `$settings` is the way from `self` to the settings.
macro_rules! pass_builders {
    ($($settings:ident).+) => {
        $crate::passes::progress_builder!($($settings).+);

        /// At most how many samples go through the model in one pass: this bounds the memory. Unless set, as many as
        /// a CPU is fastest with, so that the largest map that a layer gives out has at most 26 MB, and at most 64; and
        /// a row for each thread of a [`BlackBox`](crate::BlackBox). A GPU is filled by more.
        #[must_use]
        #[doc(alias("internal_batch_size", "perturbations_per_eval"))]
        pub fn chunk(mut self, chunk: usize) -> Self {
            self.$($settings).+.chunk = Some(chunk);
            self
        }
    };
}
pub(crate) use pass_builders;

/// What is called after each pass; `$settings` is the way from `self` to what has the reporter.
macro_rules! progress_builder {
    ($($settings:ident).*) => {
        /// Calls back after every pass. A callback that answers `ControlFlow::Break(())` stops the analysis, with
        /// [`Error::Cancelled`](crate::Error::Cancelled).
        ///
        /// ```
        /// # use xai_core as xai;
        /// use std::ops::ControlFlow;
        ///
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, Error, NdArray, Net, SmoothGrad};
        ///
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
        /// let stopped = SmoothGrad::new().chunk(10).on_progress(|_| ControlFlow::Break(()));
        /// let stopped = stopped.analyze(&net, &array![[3.0]], 0);
        /// assert!(matches!(stopped, Err(Error::Cancelled { .. })));
        /// ```
        #[must_use]
        pub fn on_progress<Go: $crate::Answer>(
            mut self,
            report: impl Fn($crate::Progress) -> Go + Send + Sync + 'static,
        ) -> Self {
            self.$($settings.)*reporter = $crate::passes::Reporter::new(report);
            self
        }
    };
}
pub(crate) use progress_builder;
