"""A user's script for test_types.py: a line that ends with `# error` must fail the type check,
and no other line may.
"""

import numpy as np

from echocell import optimizers
from echocell.callbacks import EarlyStopping, History
from echocell.initializers import Orthogonal
from echocell.layers import GRU, LSTM, Bidirectional, Dense, Dropout, Embedding, Input, SimpleRNN
from echocell.models import Sequential

x, y = np.zeros((8, 5, 2)), np.zeros((8, 1))

LSTM(3, return_sequences=True, stateful=True, dropout=0.1, name="a", batch_input_shape=(8, 5, 2))
LSTM(3, kernel_initializer=Orthogonal(), recurrent_activation="hard_sigmoid", unroll=True)
LSTM(3, return_sequence=True)  # error
LSTM(3, return_sequences="yes")  # error
LSTM("3")  # error
LSTM(3, kernel_constraint="max_norm")  # error
GRU(3, go_backwards=True, input_shape=(None, 2), reset_after=False)
GRU(3, reset_before=True)  # error
SimpleRNN(3, dropout=0.2, recurrent_dropout=0.2)
SimpleRNN(3, stateful=1.5)  # error
Bidirectional(LSTM(3), merge_mode="sum", input_shape=(5, 2))
Bidirectional(LSTM)  # error
Dense(1, activation="softmax", input_dim=4)
Dense(1, activation=7)  # error
Embedding(10, 4, input_length=5, mask_zero=True)
Embedding(10, 4, zero_mask=True)  # error
Dropout(0.5, seed=1, name="half")
Dropout("half")  # error
Input((5, 2), batch_size=8)
Input((5, 2), batchsize=8)  # error
optimizers.Adam(1e-3, clipnorm=1.0, weight_decay=1e-4)
optimizers.Adam(1e-3, clip_norm=1.0)  # error

model = Sequential([Input((5, 2)), LSTM(3), Dense(1)])
model.compile(optimizer=optimizers.SGD(0.1), loss="mse", metrics=["mae"])
model.compile("adam", "mse", metric=["mae"])  # error
history: History = model.fit(x, y, epochs=2, callbacks=[EarlyStopping()], validation_data=(x, y))
model.fit(x.tolist(), y.tolist(), shuffle=False)
model.fit(list(x), list(y), class_weight={0: 1.0, 1: 2.0})
model.fit(x, y, epoch=2)  # error
model.fit(x, y, epochs="2")  # error
model.fit(x, y, callbacks=["early"])  # error
first: float = history.history["loss"][0]
text: str = history.history["loss"][0]  # error
shape: tuple[int, ...] = model.predict(x).shape
model.predict(x, batchsize=2)  # error
loss, mae = model.evaluate(x, y)
by_name: dict[str, float] = model.evaluate(x, y, return_dict=True)
model.evaluate(x, y, sample_weights=y)  # error
