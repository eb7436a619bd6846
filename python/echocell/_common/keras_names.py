"""Public names of Keras that echocell does not have; the alias puts a placeholder for each.

The lists cover Keras 1, 2 and 3, so that a script runs even if it imports names it never uses.
"""

from __future__ import annotations

__all__ = ["MODULES", "NAMES"]

_ABSENT = """
    applications backend.common backend.tensorflow_backend callbacks.experimental config constraints
    datasets distillation distribution dtype_policies engine estimator experimental export
    feature_column layers.advanced_activations layers.attention layers.convolutional
    layers.convolutional_recurrent layers.experimental layers.local layers.merge layers.merging
    layers.noise layers.normalization layers.pooling layers.preprocessing legacy mixed_precision ops
    optimizers.experimental optimizers.schedules preprocessing.image preprocessing.text quantizers
    random saving tree utils.bounding_boxes utils.conv_utils utils.data_utils utils.generic_utils
    utils.io_utils utils.layer_utils utils.legacy utils.multi_gpu_utils utils.training_utils
    utils.visualize_util visualization wrappers
"""
#: Modules of Keras without a counterpart in echocell: every name in them is a placeholder.
MODULES = frozenset(_ABSENT.split())

#: Module of echocell -> further names that Keras's module has.
NAMES: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "echocell": """
            DTypePolicy FloatDTypePolicy Function InputSpec KerasTensor Model Operation Quantizer
            RematScope StatelessScope SymbolicScope Variable device name_scope remat
        """,
        "echocell.activations": """
            celu exponential gelu glu hard_shrink hard_silu hard_swish hard_tanh leaky_relu
            log_sigmoid log_softmax mish relu6 selu silu soft_shrink sparse_plus sparse_sigmoid
            sparsemax squareplus swish tanh_shrink threshold
        """,
        "echocell.backend": """
            abs all any arange argmax argmin batch_dot batch_flatten batch_normalization bias_add
            binary_crossentropy categorical_crossentropy clip concatenate constant conv1d conv2d
            conv2d_transpose conv3d cos ctc_batch_cost ctc_decode cumprod cumsum depthwise_conv2d
            dot dropout equal exp expand_dims eye flatten foldl foldr function gather get_session
            get_uid get_variable_shape gradients greater greater_equal image_data_format
            image_dim_ordering in_test_phase in_top_k in_train_phase int_shape is_float_dtype
            is_int_dtype is_keras_tensor is_placeholder is_sparse is_tensor l2_normalize
            learning_phase less less_equal local_conv1d local_conv2d log logsumexp
            manual_variable_initialization map_fn max maximum mean min minimum moving_average_update
            name_scope ndim normalize_batch_in_training not_equal one_hot ones ones_like
            permute_dimensions placeholder pool2d pool3d pow print_tensor prod random_binomial
            random_normal random_normal_variable random_uniform random_uniform_variable repeat
            repeat_elements reset_uids reshape resize_images resize_volumes result_type reverse rnn
            round separable_conv1d separable_conv2d set_epsilon set_image_data_format
            set_image_dim_ordering set_learning_phase set_session shape sign sin
            sparse_categorical_crossentropy spatial_2d_padding spatial_3d_padding sqrt square
            squeeze stack standardize_dtype std stop_gradient sum switch temporal_padding tile
            to_dense transpose truncated_normal update update_add update_sub var variable zeros
            zeros_like
        """,
        "echocell.callbacks": """
            BackupAndRestore BaseLogger OrbaxCheckpoint ProgbarLogger RemoteMonitor SwapEMAWeights
        """,
        "echocell.initializers": """
            IdentityInitializer OrthogonalInitializer STFT STFTInitializer one stft zero
        """,
        "echocell.layers": """
            AbstractRNNCell ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
            AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D
            Add AdditiveAttention AlphaDropout AtrousConvolution1D AtrousConvolution2D Attention
            AugMix AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D
            AvgPool2D AvgPool3D BatchNormalization CategoryEncoding CenterCrop Concatenate
            ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D
            Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM2DCell ConvLSTM3D
            ConvRNN2D ConvRecurrent2D Convolution1D Convolution1DTranspose Convolution2D
            Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D
            Cropping3D CutMix Deconvolution2D Deconvolution3D DenseFeatures DepthwiseConv1D
            DepthwiseConv2D Discretization Dot ELU EinsumDense Equalization FlaxLayer GRUCell
            GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
            GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
            GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
            GroupNormalization GroupQueryAttention HashedCrossing Hashing Highway Identity InputSpec
            IntegerLookup JaxLayer LSTMCell Lambda LayerNormalization LeakyReLU LocallyConnected1D
            LocallyConnected2D MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D
            MaxPooling2D MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp
            MultiHeadAttention Multiply Normalization PReLU ParametricSoftplus Permute Pipeline
            RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration
            RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
            RandomFlip RandomFourierFeatures RandomGaussianBlur RandomGrayscale RandomHeight
            RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
            RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom
            ReLU Recurrent Rescaling Resizing ReversibleEmbedding SReLU STFTSpectrogram
            SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
            SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
            SpectralNormalization StackedRNNCells StringLookup Subtract TFSMLayer TextVectorization
            ThresholdedReLU TimeDistributedDense TorchModuleWrapper UnitNormalization UpSampling1D
            UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D add average
            concatenate dot maximum minimum multiply subtract
        """,
        "echocell.losses": """
            BinaryFocalCrossentropy CTC CategoricalFocalCrossentropy
            CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge
            KLD KLDivergence LogCosh MAPE MSLE MeanAbsolutePercentageError
            MeanSquaredLogarithmicError Poisson Reduction SquaredHinge Tversky
            binary_focal_crossentropy categorical_focal_crossentropy
            categorical_generalized_cross_entropy categorical_hinge circle cosine cosine_proximity
            cosine_similarity ctc dice hinge kl_divergence kld kullback_leibler_divergence log_cosh
            logcosh mape mean_absolute_percentage_error mean_squared_logarithmic_error msle poisson
            squared_hinge tversky
        """,
        "echocell.metrics": """
            AUC Accuracy BinaryIoU CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score
            FBetaScore FalseNegatives FalsePositives Hinge IoU KLD KLDivergence LogCoshError MAPE
            MSLE Mean MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanRelativeError
            MeanSquaredLogarithmicError MeanTensor OneHotIoU OneHotMeanIoU PearsonCorrelation
            Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision
            SensitivityAtSpecificity SpecificityAtSensitivity SquaredHinge Sum TrueNegatives
            TruePositives binary_focal_crossentropy categorical_focal_crossentropy categorical_hinge
            concordance_correlation cosine cosine_proximity hinge kl_divergence kld
            kullback_leibler_divergence log_cosh logcosh mape mean_absolute_percentage_error
            mean_squared_logarithmic_error msle pearson_correlation poisson squared_hinge
        """,
        "echocell.models": """
            Functional Graph Model model_from_yaml
        """,
        "echocell.optimizers": """
            Adadelta Adafactor Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer Muon Nadam
            OptimizerMap ScheduleFreeAdamW TFOptimizer adadelta adamax nadam
        """,
        "echocell.preprocessing": """
            image_dataset_from_directory text_dataset_from_directory timeseries_dataset_from_array
        """,
        "echocell.preprocessing.sequence": """
            TimeseriesGenerator make_sampling_table skipgrams
        """,
        "echocell.regularizers": """
            ActivityRegularizer OrthogonalRegularizer WeightRegularizer activity_l1 activity_l1l2
            activity_l2 l1l2 orthogonal_regularizer
        """,
        "echocell.utils": """
            Config CustomObjectScope FeatureSpace GeneratorEnqueuer HDF5Matrix OrderedEnqueuer
            Progbar PyDataset Sequence SequenceEnqueuer array_to_img audio_dataset_from_directory
            convert_all_kernels_in_model custom_object_scope deserialize_keras_object
            disable_interactive_logging enable_interactive_logging get_custom_objects get_file
            get_registered_name get_registered_object get_source_inputs image_dataset_from_directory
            img_to_array is_interactive_logging_enabled is_keras_tensor load_img model_to_dot
            multi_gpu_model pack_x_y_sample_weight print_summary probas_to_classes
            register_keras_serializable save_img split_dataset standardize_dtype
            text_dataset_from_directory timeseries_dataset_from_array unpack_x_y_sample_weight
        """,
    }.items()
}
